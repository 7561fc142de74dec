#include "torch_errors.h"

#include <c10/util/Exception.h>
#include <torch/csrc/jit/runtime/jit_exception.h>

#include <new>
#include <string_view>

#include "printable.h"

namespace early_exit {
namespace {

constexpr std::size_t kLongestReason = 1000;

constexpr std::string_view kOutOfMemory[] = {
    "out of memory",          "not enough memory", "can't allocate memory",
    "Cannot allocate memory", "bad_alloc",         "STATUS_ALLOC_FAILED"};

std::string_view TextOf(const std::exception& error) {
  const auto* c10_error = dynamic_cast<const c10::Error*>(&error);
  return c10_error ? c10_error->what_without_backtrace() : error.what();
}

// The first line of `text` with something on it.
std::string_view FirstLine(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find('\n', start) - start);
}

}  // namespace

std::string ExplainTorchError(const std::exception& error) {
  const std::string_view text = TextOf(error);
  std::string_view reason = text;
  for (const std::string_view cause : {"\nRuntimeError: ", "\nbuiltins.ValueError: "}) {
    const std::size_t start = reason.rfind(cause);
    if (start != std::string_view::npos) reason.remove_prefix(start + cause.size());
  }
  for (const std::string_view candidate : {FirstLine(reason), FirstLine(text)}) {
    if (!candidate.empty()) return Printable(candidate, kLongestReason);
  }
  return "torch gave no reason.";
}

ErrorKind KindOfTorchError(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error)) return ErrorKind::kOutOfMemory;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error)) return ErrorKind::kOutOfMemory;
  const bool raised = dynamic_cast<const torch::jit::JITException*>(&error) != nullptr;
  if (raised) return ErrorKind::kBadInput;
  const std::string_view text = TextOf(error);
  for (const std::string_view name : kOutOfMemory) {
    if (text.find(name) != std::string_view::npos) return ErrorKind::kOutOfMemory;
  }
  return ErrorKind::kModel;
}

}  // namespace early_exit
