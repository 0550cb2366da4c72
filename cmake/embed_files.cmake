# cmake -DOUT=SOURCE -DFILES=FILE,FILE... -DGZIP=PROGRAM -P embed_files.cmake
#
# Writes a C++ source with the compressed files, for osproxy_console_files().
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

string(REPLACE "," ";" files "${FILES}")
set(by_name "")
foreach(file IN LISTS files)
  cmake_path(GET file FILENAME name)
  list(APPEND by_name "${name}|${file}")
endforeach()
list(SORT by_name)

set(arrays "")
set(rows "")
set(number 0)
foreach(entry IN LISTS by_name)
  string(REGEX REPLACE "\\|.*" "" name "${entry}")
  string(REGEX REPLACE "^[^|]*\\|" "" file "${entry}")
  string(REGEX REPLACE ".*\\." "" suffix "${name}")
  if(NOT DEFINED type_${suffix})
    message(FATAL_ERROR "${file}: no content type is known for .${suffix}")
  endif()
  file(SIZE "${file}" plain_bytes)
  file(SHA256 "${file}" hash)
  execute_process(COMMAND "${GZIP}" -9 -n -c "${file}" OUTPUT_FILE "${OUT}.gz"
                  COMMAND_ERROR_IS_FATAL ANY)
  file(READ "${OUT}.gz" hex HEX)
  file(REMOVE "${OUT}.gz")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(APPEND arrays "constexpr char kFile${number}[] =\n    \"${bytes}\";\n")
  string(APPEND rows "    {.name = \"${name}\",\n     .content_type = \"${type_${suffix}}\",\n"
         "     .sha256 = \"${hash}\",\n     .gzip = {kFile${number}, ${size}},\n"
         "     .plain_bytes = ${plain_bytes}},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE "${OUT}" "// Written by cmake/embed_files.cmake.
#include \"osproxy/console/console_file.h\"

namespace osproxy::console {
namespace {

${arrays}
constexpr ConsoleFile kFiles[] = {
${rows}};

}  // namespace

std::span<const ConsoleFile> all_files() noexcept { return kFiles; }

}  // namespace osproxy::console
")
