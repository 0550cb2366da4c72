#include <string>

namespace osproxy::cli {

void show(const std::string& text);

std::expected<void, Failure> example(const Environment& environment) {
  EXAMPLE(1);
  return {};
}

}  // namespace osproxy::cli
