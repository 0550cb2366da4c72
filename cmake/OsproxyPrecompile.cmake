# What most files include, parsed once for all targets instead of in every file: it takes more than half
# off the time of a build. One set is for the modules, and one with GoogleTest for the tests.
#
#   osproxy_precompiled_set(NAME LIBRARIES|PROGRAMS [<header>...])   a set for targets of one kind
#   osproxy_precompile(TARGET NAME)                                  its sources read the set
#
# Sources still include all that they use: the header checks and scripts/lint compile without. No header
# is in a set that defines objects (CLI11 does), since each file would have to make them.
#
# gcc takes a set only for what is compiled with the same options and definitions as the set was.
# CMake asks it to warn otherwise (-Winvalid-pch), and -Werror makes that an error.
set(osproxy_often_included
  <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <expected> <functional> <map> <memory>
  <mutex> <optional> <span> <sstream> <string> <string_view> <thread> <utility> <variant> <vector>
  <fmt/format.h> <fmt/ostream.h> <simdjson.h>
  <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp>
  <boost/asio/ip/tcp.hpp> <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp>)

# The sets hold headers of these three, whose definitions each reader therefore needs.
function(osproxy_compile_as_set target)
  foreach(library osproxy_asio fmt::fmt simdjson::simdjson)
    target_compile_definitions(${target} PRIVATE
      $<TARGET_PROPERTY:${library},INTERFACE_COMPILE_DEFINITIONS>)
  endforeach()
  # gcc 12 warns falsely of what libstdc++'s string does (GCC bugs 105329, 105651). It would keep
  # quiet about a system header, but does not know one when that is precompiled.
  # RE2, below gRPC, makes -pthread an option of all that use it, and so it has to be one of all.
  target_compile_options(${target} PRIVATE -pthread -fpch-preprocess -Wno-array-bounds -Wno-restrict
                                           -Wno-stringop-overflow)
endfunction()

# The headers are written as `<name>`, so that two clones of the project share what ccache keeps. Clang,
# for the sanitizers, reads headers fast enough.
function(osproxy_precompiled_set name kind)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  set(source "${PROJECT_BINARY_DIR}/${name}.cc")
  file(CONFIGURE OUTPUT "${source}" CONTENT "// The headers of ${name} are compiled for this file.\n")
  add_library(${name} OBJECT "${source}")
  if(kind STREQUAL "PROGRAMS")  # which are compiled with -fPIE, not -fPIC
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE -fPIE)
  endif()
  target_link_libraries(${name} PRIVATE osproxy_flags)
  osproxy_compile_as_set(${name})
  target_precompile_headers(${name} PRIVATE ${osproxy_often_included} ${ARGN})
endfunction()

function(osproxy_precompile target set)
  if(TARGET ${set})
    osproxy_compile_as_set(${target})
    target_precompile_headers(${target} REUSE_FROM ${set})
  endif()
endfunction()
