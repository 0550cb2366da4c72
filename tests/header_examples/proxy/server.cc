#include <string>

#include "osproxy/observe/observer.h"
#include "osproxy/store/directive_store.h"

namespace osproxy {
void fail(const std::string& reason);
void example(ServerOptions options, DirectiveStore& store, Observer& observer, const Clock& clock,
             UpstreamStats& stats) {
  using namespace std::chrono_literals;
  EXAMPLE(1);
}
}  // namespace osproxy
