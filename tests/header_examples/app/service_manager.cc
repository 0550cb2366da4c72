#include "osproxy/app/settings/settings.h"

namespace osproxy::app {

void serve();

void example() { EXAMPLE(1); }

}  // namespace osproxy::app
