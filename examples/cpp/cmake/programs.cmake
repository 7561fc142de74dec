# Programs are named early_exit_* as targets, so that they clash with nobody's, and plainly as files.
function(early_exit_program name)
  add_executable(early_exit_${name} ${ARGN})
  early_exit_settings(early_exit_${name})
  set_target_properties(early_exit_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endfunction()

early_exit_program(classify
  classify/arguments.cc classify/cpus.cc classify/line_classifier.cc classify/line_format.cc
  classify/line_reader.cc classify/main.cc classify/parallel.cc
  # what a shared library of ours hides
  src/printable.cc src/utf8.cc)
target_include_directories(early_exit_classify PRIVATE src)
target_link_libraries(early_exit_classify PRIVATE early_exit Threads::Threads)

early_exit_program(minimal minimal.cc)
target_link_libraries(early_exit_minimal PRIVATE torch torch_library)

# For comparing with other implementations, neither is installed.
foreach(tool tokenize normalize)
  early_exit_program(${tool} tools/${tool}.cc)
  target_include_directories(early_exit_${tool} PRIVATE src)
  target_link_libraries(early_exit_${tool} PRIVATE
    early_exit_objects torch torch_library Threads::Threads)
endforeach()
