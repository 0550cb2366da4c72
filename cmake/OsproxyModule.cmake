# osproxy_module(NAME [USES module...] [LINKS target...] [PRIVATE_LINKS target...]
#                [PRECOMPILES <header>...] [FOLDERS "folder: used-folder..."...])
#
# One folder, one static library, one direction. USES is the only place where an edge between two
# modules is declared; a source that includes another module's header without it does not build
# (cmake/check_edges.cmake). Sources and headers are the folder's own *.cc and *.h; a `main.cc` is
# left out, for osproxy_binary(). What is in a folder below it is part of the library, but its
# headers are the module's alone: not installed, and not for other modules. FOLDERS names each such
# folder and the folders of the module that it may include from, the lowest first; `.` stands for the
# headers beside the folders, which then include from no folder themselves (their sources may). PRECOMPILES names heavy
# headers that many of its files include; not such as define objects (CLI11 does), since each file
# would have to make them.
function(osproxy_module name)
  cmake_parse_arguments(M "" "" "USES;LINKS;PRIVATE_LINKS;PRECOMPILES;FOLDERS" ${ARGN})
  set(dir "${CMAKE_CURRENT_SOURCE_DIR}/${name}")
  file(GLOB sources CONFIGURE_DEPENDS "${dir}/*.cc" "${dir}/*/*.cc")
  file(GLOB headers CONFIGURE_DEPENDS "${dir}/*.h")
  file(GLOB inner_headers CONFIGURE_DEPENDS "${dir}/*/*.h")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")

  set(target osproxy_${name})
  if(sources)
    set(scope PUBLIC)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PRIVATE ${M_PRIVATE_LINKS} "$<BUILD_INTERFACE:osproxy_flags>")
    osproxy_precompile(${target} ${M_PRECOMPILES})
  else()  # templates only
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(osproxy::${name} ALIAS ${target})
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/src"
                                  FILES ${headers})
  set_target_properties(${target} PROPERTIES
    VERIFY_INTERFACE_HEADER_SETS ON)  # every header compiles alone
  target_link_libraries(${target} ${scope} ${M_LINKS})
  foreach(used IN LISTS M_USES)
    target_link_libraries(${target} ${scope} osproxy_${used})
  endforeach()

  set(stamp "${CMAKE_CURRENT_BINARY_DIR}/${name}.edges")
  string(REPLACE ";" "," uses "${name};${M_USES}")
  string(REPLACE ";" "," folders "${M_FOLDERS}")
  add_custom_command(
    OUTPUT "${stamp}"
    COMMAND "${CMAKE_COMMAND}" -DDIR=${dir} -DMODULE=${name} -DALLOWED=${uses}
            -DFOLDERS=${folders} -DSTAMP=${stamp}
            -P "${PROJECT_SOURCE_DIR}/cmake/check_edges.cmake"
    DEPENDS ${sources} ${headers} ${inner_headers} "${PROJECT_SOURCE_DIR}/cmake/check_edges.cmake"
    COMMENT "Checking what ${name} includes" VERBATIM)
  add_custom_target(${target}_edges DEPENDS "${stamp}")
  add_dependencies(${target} ${target}_edges)
endfunction()

# osproxy_binary(NAME MODULE): build/<preset>/bin/NAME from MODULE's main.cc.
function(osproxy_binary name module)
  add_executable(${name} "${CMAKE_CURRENT_SOURCE_DIR}/${module}/main.cc")
  target_link_libraries(${name} PRIVATE osproxy_${module} osproxy_flags)
endfunction()
