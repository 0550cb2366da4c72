// Publishing a document to an etcd key.
//
//   auto publisher = EtcdDirectivePublisher::create({.target = {.endpoints = {…}}}, clock);
//   auto revision = (*publisher)->publish(bytes, std::nullopt);
//
// The document is decoded first and nothing is sent if it is malformed; `ttl_secs` become
// `expires_at`, so that the whole fleet agrees on the ends. A publish is one etcd transaction, with
// a comparison of the revision if one is expected. If an endpoint does not answer, the next one is
// asked to write the same bytes on the same condition; a conditional publish that was applied
// without our hearing of it is then recognised by its bytes, and is no conflict.
//
// Thread safety: every member may be called from any thread; each call has a connection of its own,
// which is closed when it returns. Blocks for at most `deadline`.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "osproxy/core/clock.h"
#include "osproxy/directive/decode.h"
#include "osproxy/etcd/etcd_options.h"
#include "osproxy/store/publisher.h"

namespace osproxy {

namespace etcd {
class Transport;
}

struct EtcdPublisherOptions {
  EtcdTarget target;
  DecodeLimits limits{};
  std::chrono::milliseconds deadline{5'000};  ///< for one publish() or read(), all endpoints
};

class EtcdDirectivePublisher final : public DirectivePublisher {
 public:
  /// Checks the options; connects to nothing yet. `clock` must outlive the publisher.
  static std::expected<std::unique_ptr<EtcdDirectivePublisher>, EtcdError> create(
      EtcdPublisherOptions options, const Clock& clock);

  /// The same over transports of the caller's (etcd/transport.h), one a call: for tests.
  static std::expected<std::unique_ptr<EtcdDirectivePublisher>, EtcdError> create(
      EtcdPublisherOptions options, const Clock& clock,
      std::function<std::unique_ptr<etcd::Transport>()> make_transport);

  ~EtcdDirectivePublisher() override;

  // DirectivePublisher. `revision` is etcd's mod_revision of the key.
  std::expected<std::int64_t, PublishError> publish(
      std::string_view document, std::optional<std::int64_t> expected_revision) override;
  std::expected<PublishedDocument, PublishError> read() override;

 private:
  class Impl;

  explicit EtcdDirectivePublisher(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy
