# Man pages and shell completions.  The command itself writes them, from the
# tables behind --help, so they are made once it is built; a build for another
# machine that cannot run it goes without.

if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  message(STATUS "xhat: man pages and completions: no (the command cannot run "
                 "here)")
  return()
endif()

set(XHAT_MANUAL ${PROJECT_BINARY_DIR}/manual)
add_custom_command(
  OUTPUT ${XHAT_MANUAL}/made
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${XHAT_MANUAL}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${XHAT_MANUAL}
  COMMAND xhat_command help --man -o ${XHAT_MANUAL}/man1
  COMMAND xhat_command completion bash -o ${XHAT_MANUAL}/xhat
  COMMAND xhat_command completion zsh -o ${XHAT_MANUAL}/_xhat
  COMMAND xhat_command completion fish -o ${XHAT_MANUAL}/xhat.fish
  COMMAND ${CMAKE_COMMAND} -E touch ${XHAT_MANUAL}/made
  DEPENDS xhat_command
  COMMENT "Writing man pages and completions"
  VERBATIM)
add_custom_target(xhat_manual ALL DEPENDS ${XHAT_MANUAL}/made)

install(DIRECTORY ${XHAT_MANUAL}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${XHAT_MANUAL}/xhat
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${XHAT_MANUAL}/_xhat
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${XHAT_MANUAL}/xhat.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
