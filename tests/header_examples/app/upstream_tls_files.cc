#include "osproxy/app/settings/settings.h"
#include "osproxy/core/clock.h"

namespace osproxy::app {
void read_tls_contexts(const Settings& settings);
void use(const TlsContext& context);
void warn(const std::string& error);
void example(const Settings& settings, const Clock& clock) { EXAMPLE(1); }
}  // namespace osproxy::app
