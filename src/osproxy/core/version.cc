#include "osproxy/core/version.h"

namespace osproxy {

const char* const kVersion = OSPROXY_VERSION;  // src/osproxy/CMakeLists.txt

}  // namespace osproxy
