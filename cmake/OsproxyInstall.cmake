# What an embedder installs: the store and what it stands on, for find_package(osproxy CONFIG) and
# pkg-config, and the two programs. Included last, when all targets exist.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(library_modules core directive snapshot store etcd)
list(TRANSFORM library_modules PREPEND osproxy_ OUTPUT_VARIABLE library_targets)
install(TARGETS ${library_targets} osproxy_etcd_proto EXPORT osproxyTargets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
foreach(module IN LISTS library_modules)
  set_target_properties(osproxy_${module} PROPERTIES EXPORT_NAME ${module})
endforeach()

if(CMAKE_INTERPROCEDURAL_OPTIMIZATION AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Machine code beside gcc's own code, so that any linker and any later gcc can use the archives.
  foreach(target IN LISTS library_targets ITEMS osproxy_etcd_proto)
    get_target_property(kind ${target} TYPE)
    if(kind STREQUAL "STATIC_LIBRARY")
      target_compile_options(${target} PRIVATE -ffat-lto-objects)
    endif()
  endforeach()
endif()

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/osproxy")
install(EXPORT osproxyTargets NAMESPACE osproxy:: DESTINATION "${package_dir}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/osproxyConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/osproxyConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/osproxyConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/osproxyConfig.cmake"
              "${PROJECT_BINARY_DIR}/osproxyConfigVersion.cmake"
        DESTINATION "${package_dir}")
file(RELATIVE_PATH osproxy_pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file("${CMAKE_CURRENT_LIST_DIR}/osproxy.pc.in" "${PROJECT_BINARY_DIR}/osproxy.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/osproxy.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

install(TARGETS osproxy osproxyctl RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
