# `find_package(early_exit)` after `cmake --install`.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/early_exit)

install(TARGETS early_exit classify
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
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/early_exitConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/early_exitConfigVersion.cmake
  DESTINATION ${package_dir})
