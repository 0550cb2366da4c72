// Renews the TLS context for nodes when a file that it was read from has changed.
//
//   UpstreamTlsFiles files(settings.tls.upstream);  // before they are read
//   read_tls_contexts(settings);
//   if (auto context = files.poll(clock.now().boot)) {
//     context->has_value() ? use(**context) : warn(context->error());
//   }
//
// The files are those of the settings, or the CAs that the system trusts. A file that cannot be
// used, such as a new certificate whose key is still the old one, is read again after the next
// change.
//
// Not thread-safe; one owner. Blocks for as long as the file system does.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "osproxy/core/clock.h"
#include "osproxy/core/file_watch.h"
#include "osproxy/tls/context.h"

namespace osproxy::app {

class UpstreamTlsFiles {
 public:
  explicit UpstreamTlsFiles(TlsUpstreamOptions options);

  /// A context of the changed files, or why they cannot be used; nullopt if nothing has changed, or
  /// if the last look is less than ten seconds ago.
  std::optional<std::expected<TlsContext::Pointer, std::string>> poll(BootTime now);

 private:
  TlsUpstreamOptions options_;
  FileWatch watch_;
  std::optional<BootTime> next_look_;
};

}  // namespace osproxy::app
