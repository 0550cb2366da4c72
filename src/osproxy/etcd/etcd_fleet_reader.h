// The fleet, by the acks in etcd.
//
//   auto reader = EtcdFleetReader::create({.target = {.endpoints = {…}}}, clock);
//   auto fleet = (*reader)->read();
//
// Two linearizable reads on one connection: the document's revision, then the acks, which are
// therefore never older than it. If an endpoint does not answer, the next one is asked. A fleet of
// several thousand fits into one response (4 MiB).
//
// Thread safety: read() may be called from any thread; each call has a connection of its own, which
// is closed when it returns. Blocks for at most `deadline`.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/etcd_options.h"
#include "osproxy/store/fleet.h"

namespace osproxy {

namespace etcd {
class Transport;
}

struct EtcdFleetOptions {
  EtcdTarget target;
  std::chrono::milliseconds deadline{5'000};  ///< for one read(), all endpoints
};

class EtcdFleetReader final : public FleetReader {
 public:
  using MakeTransport = std::function<std::unique_ptr<etcd::Transport>()>;

  /// Checks the options; connects to nothing yet. `clock` must outlive the reader.
  static std::expected<std::unique_ptr<EtcdFleetReader>, EtcdError> create(EtcdFleetOptions options,
                                                                           const Clock& clock);

  /// The same over transports of the caller's (etcd/transport.h), one a call: for tests.
  static std::expected<std::unique_ptr<EtcdFleetReader>, EtcdError> create(
      EtcdFleetOptions options, const Clock& clock, MakeTransport make_transport);

  std::expected<Fleet, std::string> read() override;

 private:
  EtcdFleetReader(EtcdFleetOptions options, std::vector<std::string> endpoints, const Clock& clock,
                  MakeTransport make_transport);

  const EtcdFleetOptions options_;
  const std::vector<std::string> endpoints_;
  const Clock& clock_;
  const MakeTransport make_transport_;
};

}  // namespace osproxy
