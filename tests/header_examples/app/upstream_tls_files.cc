#include "osproxy/app/settings/tls_files.h"

namespace osproxy::app {
void use(const TlsContext::Pointer& context);
void warn(const std::string& error);
void example(const Settings& settings, const Clock& clock) { EXAMPLE(1); }
}  // namespace osproxy::app
