#include "osproxy/cli/run/read_input.h"

#include <fstream>
#include <istream>

namespace osproxy::cli {

std::expected<std::string, Failure> read_input(const std::string& file, std::size_t max_bytes,
                                               Environment& environment) {
  std::ifstream opened;
  if (file != "-") opened.open(file, std::ios::binary);
  std::istream& in = file == "-" ? environment.in : opened;
  std::string bytes(max_bytes + 1, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (in.bad() || (in.gcount() == 0 && !in.eof())) {  // the latter: not opened, or a directory
    return std::unexpected(Failure{ExitCode::Usage, file + ": the file cannot be read"});
  }
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

std::string input_name(const std::string& file) { return file == "-" ? "stdin" : file; }

}  // namespace osproxy::cli
