#include "osproxy/etcd/etcd_publisher.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "osproxy/directive/encode.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/transport.h"

namespace osproxy {
namespace {

using std::chrono::nanoseconds;
using MakeTransport = std::function<std::unique_ptr<etcd::Transport>()>;

PublishError unavailable(std::string message) {
  return {.kind = PublishError::Kind::Unavailable, .message = std::move(message)};
}

/// One publish() or read(): asks the endpoints in turn until one answers or the time is up.
class Attempts {
 public:
  Attempts(const std::vector<std::string>& endpoints, std::unique_ptr<etcd::Transport> transport,
           const Clock& clock, nanoseconds deadline)
      : endpoints_(endpoints),
        transport_(std::move(transport)),
        clock_(clock),
        deadline_(clock.now().boot + deadline) {}

  /// Connects to the next endpoint; false if there is none left, or no time.
  bool next() {
    if (started_ == endpoints_.size() || remaining() <= nanoseconds{0}) return false;
    transport_->open(started_++);
    return true;
  }

  /// The fair share of the time that is left: a silent endpoint must not use up the next one's.
  nanoseconds timeout() const {
    return remaining() / static_cast<std::int64_t>(endpoints_.size() - started_ + 1);
  }

  etcd::CallId call() const { return etcd::CallId{started_}; }
  etcd::Transport& transport() { return *transport_; }

  /// The answer to this attempt's call; nullopt if it failed.
  template <class Answer>
  std::optional<Answer> await() {
    const BootTime end = clock_.now().boot + timeout();
    while (true) {
      auto event = transport_->next(std::max(end - clock_.now().boot, nanoseconds{0}));
      if (!event && clock_.now().boot >= end) return fail({etcd::FailureKind::Silent, {}});
      if (!event) continue;
      if (auto* answer = std::get_if<Answer>(&*event)) {
        if (answer->call == call()) return std::move(*answer);
      } else if (auto* failed = std::get_if<etcd::CallFailed>(&*event)) {
        if (failed->call == call()) return fail(failed->failure);
      }
    }
  }

  PublishError error(std::string_view what) const {
    return unavailable(fmt::format("{}: {}", what, failures_));
  }

 private:
  nanoseconds remaining() const { return deadline_ - clock_.now().boot; }

  std::nullopt_t fail(const etcd::Failure& failure) {
    if (!failures_.empty()) failures_ += "; ";
    failures_ += etcd::describe(endpoints_[started_ - 1], failure);
    return std::nullopt;
  }

  const std::vector<std::string>& endpoints_;
  const std::unique_ptr<etcd::Transport> transport_;
  const Clock& clock_;
  const BootTime deadline_;
  std::size_t started_ = 0;
  std::string failures_;
};

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
    return write(encode_document(*prepared), expected);
  }

  std::expected<PublishedDocument, PublishError> read() {
    Attempts attempts = begin();
    while (attempts.next()) {
      attempts.transport().read(attempts.call(),
                                {.key = options_.target.key, .timeout = attempts.timeout()});
      if (auto done = attempts.await<etcd::ReadDone>()) {
        return PublishedDocument{.revision = done->mod_revision, .bytes = std::move(done->value)};
      }
    }
    return std::unexpected(attempts.error("cannot read what is published"));
  }

 private:
  Attempts begin() const { return {endpoints_, make_transport_(), clock_, options_.deadline}; }

  std::expected<std::int64_t, PublishError> write(const std::string& bytes,
                                                  std::optional<std::int64_t> expected) {
    Attempts attempts = begin();
    bool may_be_applied = false;  // by an attempt whose answer did not reach us
    while (attempts.next()) {
      attempts.transport().write(attempts.call(), {.key = options_.target.key,
                                                   .value = bytes,
                                                   .expected = expected,
                                                   .timeout = attempts.timeout()});
      if (const auto done = attempts.await<etcd::WriteDone>()) {
        // Its bytes have absolute ends of this moment: nobody else wrote the same by chance.
        const bool ours = may_be_applied && done->value == bytes;
        if (done->succeeded || ours) return done->mod_revision;
        return std::unexpected(publish_conflict(expected.value_or(0), done->mod_revision));
      }
      may_be_applied = true;
    }
    return std::unexpected(attempts.error("the document may not have been published"));
  }

  const EtcdPublisherOptions options_;
  const std::vector<std::string> endpoints_;
  const Clock& clock_;
  const MakeTransport make_transport_;
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
