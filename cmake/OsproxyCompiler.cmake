# Language, warnings and sanitizers, for every target of ours and no other.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

find_program(OSPROXY_CCACHE ccache)
if(OSPROXY_CCACHE)
  # ccache's manual, "Precompiled headers": the sloppiness, and -fpch-preprocess below.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros "${OSPROXY_CCACHE}")
endif()

add_library(osproxy_flags INTERFACE)
target_compile_options(osproxy_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Werror)
target_link_libraries(osproxy_flags INTERFACE Threads::Threads)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # boost::asio and gtest of Debian 12 are older than this compiler.
  target_compile_options(osproxy_flags INTERFACE -Wno-deprecated-declarations)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 takes a coroutine frame's operator delete for a mismatch where it inlined the frame's
  # operator new and not the delete (below -O2); Asio's pair of them does match.
  target_compile_options(osproxy_flags INTERFACE -Wno-mismatched-new-delete)
endif()

# osproxy_precompile(TARGET HEADER...): reads what most files include once for the target, which more
# than halves the time of a build. The headers are written as `<name>`, so that two clones of the
# project share what ccache keeps. Sources still include all that they use: the header checks and
# scripts/lint compile without.
function(osproxy_precompile target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # clang, for the sanitizers, reads them fast enough
    target_precompile_headers(${target} PRIVATE
      <algorithm> <chrono> <cstdint> <expected> <functional> <memory> <optional> <string>
      <string_view> <utility> <vector> <fmt/format.h> ${ARGN})
    # gcc 12 warns falsely of what libstdc++'s string does (GCC bugs 105329, 105651). It would keep
    # quiet about a system header, but does not know one when that is precompiled.
    target_compile_options(${target} PRIVATE -fpch-preprocess -Wno-array-bounds -Wno-restrict
                                             -Wno-stringop-overflow)
  endif()
endfunction()

if(OSPROXY_ASSERTIONS)
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
endif()

if(OSPROXY_SANITIZE)
  # -O1: several times faster than -O0 at run time, and stacks stay readable. The presets take clang
  # for it, which compiles with sanitizers in a third of gcc's time, and so a second compiler reads all.
  add_compile_options(-fsanitize=${OSPROXY_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=${OSPROXY_SANITIZE})
endif()

# Hardening, as checksec and hardening-check read it from a binary (tests/integration/test_hardening.py).
# Not where a sanitizer is: it finds the same and more, and does not agree with FORTIFY. Debug builds do
# not optimise, which FORTIFY needs.
option(OSPROXY_HARDENING "stack protector, FORTIFY, CET, assertions of libstdc++, PIE, full RELRO" ON)
if(OSPROXY_HARDENING AND NOT OSPROXY_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES CXX)  # links executables with -pie, also where that is no default
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE
                      -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS)
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    # Debian's crt1.o and crti.o are not marked for CET, and one unmarked object unmarks the whole: so
    # the linker is told. Their few instructions are reached by no indirect jump but the loader's.
    add_compile_options(-fcf-protection=full)
    add_link_options(-Wl,-z,ibt -Wl,-z,shstk)
  endif()
endif()

# What scripts/build_release does in two steps (gcc's manual, "Instrumentation Options"): a build that
# counts, and one that takes what was counted into account. Without counts, or where they are of other
# sources, the second is an ordinary build.
set(OSPROXY_PROFILE "" CACHE STRING "generate: count what runs; use: optimise by it; empty: neither")
set(OSPROXY_PROFILE_DIR "${PROJECT_SOURCE_DIR}/build/profile" CACHE PATH "where the counts are")
if(OSPROXY_PROFILE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Names of files of counts are relative to the build, so that another build finds them.
  add_compile_options("-fprofile-prefix-path=${PROJECT_BINARY_DIR}")
  if(OSPROXY_PROFILE STREQUAL "generate")
    add_compile_options("-fprofile-generate=${OSPROXY_PROFILE_DIR}" -fprofile-update=atomic)
    add_link_options(-fprofile-generate)
  elseif(OSPROXY_PROFILE STREQUAL "use")
    # What the training does not reach is still optimised for speed. gcc makes copies of a fixed size
    # of those that mostly have it, and then warns, at link time, of what the size keeps from running.
    add_compile_options("-fprofile-use=${OSPROXY_PROFILE_DIR}" -fprofile-partial-training
                        -Wno-missing-profile -Wno-coverage-mismatch)
    add_link_options(-Wno-stringop-overread)
    # Counts that are missing for a function of newer sources are told by a warning without a name.
    target_compile_options(osproxy_flags INTERFACE -Wno-error)
  else()
    message(FATAL_ERROR "OSPROXY_PROFILE is neither generate nor use: ${OSPROXY_PROFILE}")
  endif()
endif()
