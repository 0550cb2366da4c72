#include "osproxy/etcd/etcd_publisher.h"

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "osproxy/etcd/attempts.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/transport.h"

namespace osproxy {
namespace {

using MakeTransport = std::function<std::unique_ptr<etcd::Transport>()>;

PublishError unavailable(std::string_view what, const etcd::Attempts& attempts) {
  return {.kind = PublishError::Kind::Unavailable,
          .message = fmt::format("{}: {}", what, attempts.failures())};
}

}  // namespace

class EtcdDirectivePublisher::Impl {
 public:
  Impl(EtcdPublisherOptions options, std::vector<std::string> endpoints, const Clock& clock,
       MakeTransport make_transport)
      : options_(std::move(options)),
        endpoints_(std::move(endpoints)),
        clock_(clock),
        make_transport_(std::move(make_transport)) {}

  std::expected<std::int64_t, PublishError> publish(std::string_view document,
                                                    std::optional<std::int64_t> expected) {
    auto prepared = prepare_document(document, options_.limits, clock_.now().wall);
    if (!prepared) return std::unexpected(std::move(prepared).error());
    const auto bytes = encode_for_stores(*prepared, options_.limits);
    if (!bytes) return std::unexpected(bytes.error());
    return write(*bytes, expected);
  }

  std::expected<PublishedDocument, PublishError> read() {
    etcd::Attempts attempts = begin();
    while (attempts.next()) {
      attempts.transport().read(attempts.begin_call(),
                                {.key = options_.target.key, .timeout = attempts.timeout()});
      if (auto done = attempts.await<etcd::ReadDone>()) {
        return PublishedDocument{.revision = done->mod_revision, .bytes = std::move(done->value)};
      }
    }
    return std::unexpected(unavailable("cannot read the published document", attempts));
  }

 private:
  etcd::Attempts begin() {
    return {endpoints_, make_transport_(), clock_, options_.deadline, good_};
  }

  std::expected<std::int64_t, PublishError> write(const std::string& bytes,
                                                  std::optional<std::int64_t> expected) {
    etcd::Attempts attempts = begin();
    bool may_be_applied = false;  // by an attempt whose response did not arrive
    while (attempts.next()) {
      attempts.transport().write(attempts.begin_call(), {.key = options_.target.key,
                                                         .value = bytes,
                                                         .expected = expected,
                                                         .timeout = attempts.timeout()});
      if (const auto done = attempts.await<etcd::WriteDone>()) {
        // The bytes contain absolute ends of this moment: no other publisher wrote the same by
        // chance.
        const bool ours = may_be_applied && done->value == bytes;
        if (done->succeeded || ours) return done->mod_revision;
        return std::unexpected(publish_conflict(expected.value_or(0), done->mod_revision));
      }
      may_be_applied = true;
    }
    return std::unexpected(unavailable("the document may not have been published", attempts));
  }

  const EtcdPublisherOptions options_;
  const std::vector<std::string> endpoints_;
  const Clock& clock_;
  const MakeTransport make_transport_;
  std::atomic<std::size_t> good_{0};  // the endpoint that responded last
};

std::expected<std::unique_ptr<EtcdDirectivePublisher>, EtcdError> EtcdDirectivePublisher::create(
    EtcdPublisherOptions options, const Clock& clock) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  const EtcdCredentials credentials = options.target.credentials;
  return create(std::move(options), clock, [endpoints = *endpoints, credentials, &clock] {
    return etcd::make_transport(endpoints, credentials, clock);
  });
}

std::expected<std::unique_ptr<EtcdDirectivePublisher>, EtcdError> EtcdDirectivePublisher::create(
    EtcdPublisherOptions options, const Clock& clock, MakeTransport make_transport) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  return std::unique_ptr<EtcdDirectivePublisher>(new EtcdDirectivePublisher(std::make_unique<Impl>(
      std::move(options), *std::move(endpoints), clock, std::move(make_transport))));
}

EtcdDirectivePublisher::EtcdDirectivePublisher(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}

EtcdDirectivePublisher::~EtcdDirectivePublisher() = default;

std::expected<std::int64_t, PublishError> EtcdDirectivePublisher::publish(
    std::string_view document, std::optional<std::int64_t> expected_revision) {
  return impl_->publish(document, expected_revision);
}

std::expected<PublishedDocument, PublishError> EtcdDirectivePublisher::read() {
  return impl_->read();
}

}  // namespace osproxy
