#include "osproxy/flight/flight_recorder.h"

namespace osproxy {
void print(double value, double error);
void example(const Sample& sample, const Record& record) { EXAMPLE(1); }
}  // namespace osproxy
