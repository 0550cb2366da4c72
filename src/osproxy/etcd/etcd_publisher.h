// Publishes a document to an etcd key.
//
//   auto publisher = EtcdDirectivePublisher::create({.target = {.endpoints = {"10.0.0.1:2379"}}},
//                                                   clock);
//   auto revision = (*publisher)->publish(bytes, std::nullopt);
//
// The publisher decodes the document first, and sends nothing if it is malformed. It turns
// `ttl_secs` into `expires_at`, so that all instances agree on the end of each directive. A publish
// is one etcd transaction: the document, and its entry in the history (etcd/history_key.h). It has
// a condition on the revision, so that the entry says truly which directives came and went. Without
// an expected revision, the publisher reads the current one, and again after a conflict.
//
// If an endpoint does not respond, the publisher writes the same bytes and the same entry at the
// next one. The earlier write may have been applied without a response: the publisher then finds
// its own entry, and reports success, not a conflict.
//
// After it, the publisher removes the entries that are beyond the history's bounds.
//
// Thread safety: every member may be called from any thread. Each call opens a connection and
// closes it when it returns. Blocks for at most `deadline`.
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
#include "osproxy/store/history.h"
#include "osproxy/store/publisher.h"

namespace osproxy {

namespace etcd {
class Transport;
}

struct EtcdPublisherOptions {
  EtcdTarget target;
  DecodeLimits limits{};
  std::chrono::milliseconds deadline{
      kEtcdCallDeadline};     ///< of one publish() or read(), all endpoints
  bool keeps_history = true;  ///< false: the document alone; an instance enters it as by hand
  std::optional<HistoryBounds> bounds{};  ///< nullopt: as the instances have them
};

class EtcdDirectivePublisher final : public DirectivePublisher {
 public:
  /// Checks the options; opens no connection yet. `clock` must outlive the publisher.
  static std::expected<std::unique_ptr<EtcdDirectivePublisher>, EtcdError> create(
      EtcdPublisherOptions options, const Clock& clock);

  /// The same over the caller's transports (etcd/transport.h), one for each call: for tests.
  static std::expected<std::unique_ptr<EtcdDirectivePublisher>, EtcdError> create(
      EtcdPublisherOptions options, const Clock& clock,
      std::function<std::unique_ptr<etcd::Transport>()> make_transport);

  ~EtcdDirectivePublisher() override;

  // DirectivePublisher. `revision` is etcd's mod_revision of the key.
  std::expected<std::int64_t, PublishError> publish(std::string_view document,
                                                    std::optional<std::int64_t> expected_revision,
                                                    const ChangeNote& note) override;
  using DirectivePublisher::publish;
  std::expected<std::int64_t, PublishError> publish_as_it_stands(const Document& document,
                                                                 std::int64_t expected_revision,
                                                                 const ChangeNote& note) override;
  std::expected<PublishedDocument, PublishError> read() override;

  /// The entries of the history that it has written.
  std::uint64_t entries() const noexcept;

 private:
  class Impl;

  explicit EtcdDirectivePublisher(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy
