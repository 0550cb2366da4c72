#include "osproxy/app/upstream_tls_files.h"

#include <chrono>
#include <utility>
#include <vector>

#include "osproxy/core/system_roots.h"

namespace osproxy::app {
namespace {

/// Soon enough for a renewal, and the cost of a few system calls does not show.
constexpr std::chrono::seconds kBetweenLooks{10};

std::vector<std::string> files_of(const TlsUpstreamOptions& options) {
  std::vector<std::string> files;
  if (!options.ca_file.empty()) {
    files.push_back(options.ca_file);
  } else if (options.verify) {
    files = openssl_root_paths();
  }
  if (!options.client.cert_file.empty()) {
    files.push_back(options.client.cert_file);
    files.push_back(options.client.key_file);
  }
  return files;
}

}  // namespace

UpstreamTlsFiles::UpstreamTlsFiles(TlsUpstreamOptions options)
    : options_(std::move(options)), watch_(files_of(options_)) {}

std::optional<std::expected<TlsContext::Pointer, std::string>> UpstreamTlsFiles::poll(
    BootTime now) {
  if (next_look_ && now < *next_look_) return std::nullopt;
  const bool is_first = !std::exchange(next_look_, now + kBetweenLooks).has_value();
  if (is_first || !watch_.has_changed()) return std::nullopt;
  return TlsContext::for_upstreams(options_);
}

}  // namespace osproxy::app
