#include <fmt/ostream.h>

namespace osproxy::cli {

void example(FleetReader* reader, Environment& environment) { EXAMPLE(1); }

}  // namespace osproxy::cli
