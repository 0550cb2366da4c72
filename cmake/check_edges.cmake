# Fails if a file of MODULE includes "osproxy/<other>/…" where <other> is not in ALLOWED, or a header
# from a folder within another module, which is that module's own.
cmake_minimum_required(VERSION 3.25)
file(GLOB files "${DIR}/*.cc" "${DIR}/*.h" "${DIR}/*/*.cc" "${DIR}/*/*.h")
string(REPLACE "," ";" allowed "${ALLOWED}")
set(bad "")
foreach(file IN LISTS files)
  file(STRINGS "${file}" lines REGEX "^[ \t]*#[ \t]*include[ \t]+\"osproxy/")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE ".*\"osproxy/([^/\"]+)/.*" "\\1" used "${line}")
    if(NOT used IN_LIST allowed OR
       (NOT used STREQUAL MODULE AND line MATCHES "\"osproxy/[^/\"]+/[^/\"]+/"))
      string(APPEND bad "\n  ${file}: ${line}")
    endif()
  endforeach()
endforeach()
if(bad)
  message(FATAL_ERROR "Module '${MODULE}' may include only: ${ALLOWED}.${bad}\n"
    "Edges are declared in src/osproxy/CMakeLists.txt; see ARCHITECTURE.md before adding one.")
endif()
file(TOUCH "${STAMP}")
