#include <CLI/CLI.hpp>

namespace osproxy::cli {

void example(const CLI::App& root, std::string (*output_of)(std::vector<std::string>)) {
  EXAMPLE(1);
}

}  // namespace osproxy::cli
