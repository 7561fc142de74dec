// What the sanitizers' runtimes ask a program for; without them nobody calls this.
#define EARLY_EXIT_ASKED_FOR extern "C" __attribute__((visibility("default"))) const char*

// One test asks for more memory than there is, and wants that told as elsewhere.
EARLY_EXIT_ASKED_FOR __asan_default_options();
EARLY_EXIT_ASKED_FOR __asan_default_options() {
  return "detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1";
}

EARLY_EXIT_ASKED_FOR __ubsan_default_options();
EARLY_EXIT_ASKED_FOR __ubsan_default_options() { return "print_stacktrace=1"; }

EARLY_EXIT_ASKED_FOR __tsan_default_options();
EARLY_EXIT_ASKED_FOR __tsan_default_options() { return "allocator_may_return_null=1"; }

// torch, oneDNN and libgomp are not built with ThreadSanitizer: it sees the memory they touch and
// the locks they take, but not the atomics by which they hand both on. Nothing of ours is called
// from them, so that races of ours are reported all the same.
EARLY_EXIT_ASKED_FOR __tsan_default_suppressions();
EARLY_EXIT_ASKED_FOR __tsan_default_suppressions() {
  return "race:libtorch_cpu.so\n"
         "called_from_lib:libtorch_cpu.so\n"
         "called_from_lib:libc10.so\n"
         "called_from_lib:libgomp.so.1\n";
}
