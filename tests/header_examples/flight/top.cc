#include "osproxy/observe/record_filter.h"

namespace osproxy {
void print(const TopRow& row);
void example(const FlightRecorder& recorder, const RecordFilter& filter, BootTime from,
             const TopResult& table_of_another_instance) {
  EXAMPLE(1);
}
}  // namespace osproxy
