// Reads one document a line on stdin and prints, a line each, `ok` or the slug and the place: the
// decoder as a program, for tests in other languages.
#include <cstdio>
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "osproxy/directive/decode.h"

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto document = osproxy::decode_document(line);
    if (document) {
      fmt::print("ok\n");
    } else {
      fmt::print("{} {}\n", to_string(document.error().fault), document.error().where);
    }
    std::fflush(stdout);  // for a caller that waits for each response
  }
  return 0;
}
