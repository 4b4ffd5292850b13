# What `make install` puts where: the command, the libraries with their
# headers, a CMake package (xhat::xhat) and a pkg-config file.

install(TARGETS xhat_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS xhat_shared EXPORT xhat
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS xhat_static EXPORT xhat
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/xhat/xhat.h include/xhat/circuit.h include/xhat/status.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/xhat)

set_target_properties(xhat_shared PROPERTIES EXPORT_NAME xhat)
set_target_properties(xhat_static PROPERTIES EXPORT_NAME xhat_static)
add_library(xhat::xhat ALIAS xhat_shared)

include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xhatConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
configure_file(cmake/xhatConfig.cmake.in
               ${PROJECT_BINARY_DIR}/xhatConfig.cmake @ONLY)
file(RELATIVE_PATH XHAT_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/xhat.pc.in ${PROJECT_BINARY_DIR}/xhat.pc @ONLY)
install(EXPORT xhat NAMESPACE xhat:: FILE xhatTargets.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/xhat)
install(FILES ${PROJECT_BINARY_DIR}/xhatConfig.cmake
              ${PROJECT_BINARY_DIR}/xhatConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/xhat)
install(FILES ${PROJECT_BINARY_DIR}/xhat.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
