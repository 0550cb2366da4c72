// Reads the acks of the fleet from etcd.
//
//   auto reader = EtcdFleetReader::create({.target = {.endpoints = {"10.0.0.1:2379"}}}, clock);
//   auto fleet = (*reader)->read();
//
// Makes two linearizable reads on one connection: the document's revision, then the acks. So the
// acks are never older than the revision. If an endpoint does not respond, the reader asks the next
// one. The acks are read page by page, and all that is kept is bounded, whatever stands below the
// prefix. A key that was created without a lease is no instance's and is left out. One that was
// written over without a lease is shown as such.
//
// Thread safety: read() may be called from any thread. Each call opens a connection and closes it
// when it returns. Blocks for at most `deadline`.
#pragma once

#include <atomic>
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
  std::chrono::milliseconds deadline{kEtcdCallDeadline};  ///< of one read(), over all endpoints
};

class EtcdFleetReader final : public FleetReader {
 public:
  using MakeTransport = std::function<std::unique_ptr<etcd::Transport>()>;

  /// Checks the options; opens no connection yet. `clock` must outlive the reader.
  static std::expected<std::unique_ptr<EtcdFleetReader>, EtcdError> create(EtcdFleetOptions options,
                                                                           const Clock& clock);

  /// The same over the caller's transports (etcd/transport.h), one for each read(): for tests.
  static std::expected<std::unique_ptr<EtcdFleetReader>, EtcdError> create(
      EtcdFleetOptions options, const Clock& clock, MakeTransport make_transport);

  /// More members, or more bytes of their acks, are counted and not read.
  static constexpr std::size_t kMaxMembers = 10'000;
  static constexpr std::size_t kMaxBytes = 32 << 20;

  /// Keys read at a time. Acks of the largest size fit into a response (4 MiB); of larger values,
  /// which are no acks, fewer are read at a time.
  static constexpr std::int64_t kPage = 128;

  std::expected<Fleet, std::string> read() override;

 private:
  EtcdFleetReader(EtcdFleetOptions options, std::vector<std::string> endpoints, const Clock& clock,
                  MakeTransport make_transport);

  const EtcdFleetOptions options_;
  const std::vector<std::string> endpoints_;
  const Clock& clock_;
  const MakeTransport make_transport_;
  std::atomic<std::size_t> good_{0};  // the endpoint that responded last
};

}  // namespace osproxy
