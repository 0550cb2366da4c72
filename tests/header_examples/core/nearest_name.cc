#include <string>
#include <vector>

namespace osproxy {

void print(const std::string& text);

void example() { EXAMPLE(1); }

}  // namespace osproxy
