#include "osproxy/flight/top_report.h"

namespace osproxy::cli {
void print(const std::string& json);
void use(const TopReport& report);
void example(const AdminAccess& access, const std::vector<AdminResult>& responses,
             const TopReport& report) {
  EXAMPLE(1);
}
}  // namespace osproxy::cli
