# `find_package(early_exit)` and `pkg-config early_exit` after `cmake --install`.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/early_exit)
set(installed early_exit)
if(EARLY_EXIT_BUILD_PROGRAMS)
  list(APPEND installed early_exit_classify)
  # A shared library of ours is found beside it.
  set_property(TARGET early_exit_classify PROPERTY
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}" ${CMAKE_INSTALL_RPATH})
endif()

# Nothing of the machine that builds: where libtorch is when a program runs, LD_LIBRARY_PATH tells,
# or CMAKE_INSTALL_RPATH beforehand.
install(TARGETS ${installed}
  EXPORT early_exitTargets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/early_exit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT early_exitTargets NAMESPACE early_exit:: DESTINATION ${package_dir})

configure_package_config_file(cmake/early_exitConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/early_exitConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/early_exitConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH up_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/early_exit.pc.in ${CMAKE_CURRENT_BINARY_DIR}/early_exit.pc @ONLY)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/early_exitConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/early_exitConfigVersion.cmake
  DESTINATION ${package_dir})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/early_exit.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
