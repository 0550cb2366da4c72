#include "osproxy/record/record.h"

namespace osproxy {
void example(double weight, const Record& record) { EXAMPLE(1); }
}  // namespace osproxy
