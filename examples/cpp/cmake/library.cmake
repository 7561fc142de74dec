# What every library made of the objects is, installed or in a test: `early_exit` with its version.
function(early_exit_library target)
  early_exit_settings(${target})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME early_exit
    LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_link_libraries(${target} PRIVATE torch torch_library Threads::Threads)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL SHARED_LIBRARY)
    target_link_options(${target} PRIVATE
      -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/early_exit.map
      $<$<NOT:$<BOOL:${EARLY_EXIT_SANITIZE}>>:-Wl,--no-undefined>)
    set_property(TARGET ${target} APPEND PROPERTY
      LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/early_exit.map)
  endif()
endfunction()
