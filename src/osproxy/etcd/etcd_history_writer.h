// Enters changes by hand into the history in etcd, for an instance.
//
//   auto writer = EtcdHistoryWriter::start({.target = target, .bounds = bounds}, clock);
//
// The writer has its own thread and connection, so that it never delays the store's watch. It
// retries every failure for ever; status() says what the last one was. etcd/history_machine.h
// has the algorithm.
//
// Thread safety: every member may be called from any thread, but for the destructor.
// Ownership: `clock` must outlive the writer. The destructor joins the thread, which waits for
// nothing.
//
// Neither prints nor logs; no gRPC in this header.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/directive/decode.h"
#include "osproxy/etcd/etcd_options.h"
#include "osproxy/store/history.h"
#include "osproxy/store/history_status.h"

namespace osproxy {

namespace etcd {
class Transport;
}

struct EtcdHistoryWriterOptions {
  EtcdTarget target;
  HistoryBounds bounds{};
  DecodeLimits limits{};
  /// Called on the writer's thread when the reason has changed: why changes by hand are not
  /// entered; empty: they are. It must not throw, block for long or destroy the writer.
  std::function<void(const std::string& reason)> on_change{};
};

class EtcdHistoryWriter {
 public:
  /// Fails only if an option cannot be used. Connects in the background.
  static std::expected<std::unique_ptr<EtcdHistoryWriter>, EtcdError> start(
      EtcdHistoryWriterOptions options, const Clock& clock);

  /// The same over the caller's transport (etcd/transport.h): for tests.
  static std::expected<std::unique_ptr<EtcdHistoryWriter>, EtcdError> start(
      EtcdHistoryWriterOptions options, const Clock& clock,
      std::unique_ptr<etcd::Transport> transport, Random random);

  ~EtcdHistoryWriter();
  EtcdHistoryWriter(const EtcdHistoryWriter&) = delete;
  EtcdHistoryWriter& operator=(const EtcdHistoryWriter&) = delete;

  /// Without `published`, which the publisher counts.
  HistoryStatus status() const;

 private:
  class Impl;

  explicit EtcdHistoryWriter(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy
