# What every target here is built with: torch 2.13's headers need C++20; the library's own public
# headers are C++17 (tests/consumer is compiled as such).
function(early_exit_settings target)
  set_target_properties(${target} PROPERTIES
    CXX_STANDARD 20
    CXX_STANDARD_REQUIRED ON
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wshadow $<$<BOOL:${EARLY_EXIT_WERROR}>:-Werror>
    # GCC 12 warns of `"text" + std::move(string)` where it inlines it (its bug 105651).
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
  if(EARLY_EXIT_SANITIZE)
    list(JOIN EARLY_EXIT_SANITIZE "," sanitizers)
    target_compile_options(${target} PRIVATE
      -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
    # Public: whoever links a sanitized library needs the sanitizer's runtime too.
    target_link_options(${target} PUBLIC -fsanitize=${sanitizers})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL EXECUTABLE)
      target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/sanitizers/options.cc)
    endif()
  endif()
endfunction()
