# osproxy_console_files(TARGET FILE...): compresses the files, and adds a source to TARGET that holds
# them (src/osproxy/console/console_file.h). gzip -n stores neither time nor name, so that the same
# files always make the same source.
find_program(OSPROXY_GZIP gzip REQUIRED)

function(osproxy_console_files target)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${target}_files.cc")
  string(REPLACE ";" "," files "${ARGN}")
  add_custom_command(
    OUTPUT "${source}"
    COMMAND "${CMAKE_COMMAND}" -DOUT=${source} -DFILES=${files} -DGZIP=${OSPROXY_GZIP}
            -P "${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake"
    DEPENDS ${ARGN} "${PROJECT_SOURCE_DIR}/cmake/embed_files.cmake"
    COMMENT "Compressing the files of the console" VERBATIM)
  target_sources(${target} PRIVATE "${source}")
endfunction()
