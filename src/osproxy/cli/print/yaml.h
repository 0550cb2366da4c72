// JSON as YAML, for `--output yaml`: a command prints JSON, a value in each line, and this prints
// each of them as a YAML document.
//
//   YamlOutput yaml(standard_output);
//   std::ostream out(&yaml);
//   out << R"({"instance":"proxy-1"})" << '\n';   // instance: proxy-1
//
// Source: YAML 1.2.2, of which block mappings, block sequences and double-quoted scalars are used.
// Text stays without quotes only if no version of YAML takes it for something else, such as `no`.
//
// Not thread-safe.
#pragma once

#include <optional>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace osproxy::cli {

/// One JSON value as a YAML document, with a line break at its end; nullopt if it is no JSON.
std::optional<std::string> json_to_yaml(std::string_view json);

/// Prints each line on `out`, which must outlive it, when the line is complete: JSON as YAML, other
/// text unchanged. From the second document on, `---` stands before each.
class YamlOutput final : public std::streambuf {
 public:
  explicit YamlOutput(std::ostream& out) : out_(out) {}
  ~YamlOutput() override;

 private:
  int_type overflow(int_type symbol) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;

  bool print_line();

  std::ostream& out_;
  std::string line_;
  bool is_first_ = true;
};

}  // namespace osproxy::cli
