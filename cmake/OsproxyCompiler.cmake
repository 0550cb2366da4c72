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
  set(CMAKE_CXX_COMPILER_LAUNCHER "${OSPROXY_CCACHE}")
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

if(OSPROXY_ASSERTIONS)
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
endif()

if(OSPROXY_SANITIZE)
  # -O1: several times faster than -O0 at run time, and stacks stay readable.
  add_compile_options(-fsanitize=${OSPROXY_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=${OSPROXY_SANITIZE})
  if(OSPROXY_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # gcc warns that TSan does not model std::atomic_thread_fence; Asio's fenced_block uses it
    # beside real atomics, so nothing is lost.
    target_compile_options(osproxy_flags INTERFACE -Wno-tsan)
  endif()
endif()

