# `cmake --install`: headers, a CMake package and two pkg-config files. Nothing depends on the machine.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/bvae")
set(pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/bvae" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(TARGETS bvae EXPORT bvae-targets)
install(EXPORT bvae-targets NAMESPACE bvae:: DESTINATION "${package_dir}")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/bvae-config.cmake.in"
                              "${PROJECT_BINARY_DIR}/package/bvae-config.cmake" INSTALL_DESTINATION "${package_dir}")
# Before 1.0 every minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/bvae-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/package/bvae-config.cmake" "${PROJECT_BINARY_DIR}/package/bvae-config-version.cmake"
        DESTINATION "${package_dir}")

# The prefix is written relative to the .pc file, so that an installed tree may be moved.
file(RELATIVE_PATH pkgconfig_prefix "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" pkgconfig_prefix "${pkgconfig_prefix}")
foreach(name IN ITEMS bvae bvae-io)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in" "${PROJECT_BINARY_DIR}/package/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/package/${name}.pc" DESTINATION "${pkgconfig_dir}")
endforeach()
