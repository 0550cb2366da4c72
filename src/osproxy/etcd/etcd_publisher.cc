#include "osproxy/etcd/etcd_publisher.h"

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "osproxy/etcd/attempts.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/history_key.h"
#include "osproxy/etcd/history_trim.h"
#include "osproxy/etcd/transport.h"
#include "osproxy/store/history_json.h"

namespace osproxy {
namespace {

// An unconditional publish begins again after so many changes by others: people do not cause more
// of them within the deadline.
constexpr int kMaxConflicts = 8;

using MakeTransport = std::function<std::unique_ptr<etcd::Transport>()>;

PublishError unavailable(std::string_view what, const etcd::Attempts& attempts) {
  return {.kind = PublishError::Kind::Unavailable,
          .message = fmt::format("{}: {}", what, attempts.failures())};
}

}  // namespace

class EtcdDirectivePublisher::Impl {
  struct Change {
    std::string bytes;
    std::optional<std::int64_t> expected;
    ChangeNote note;
    std::string entry_key;
  };

  /// nullopt: the endpoint gave no usable response.
  using Outcome = std::optional<std::expected<std::int64_t, PublishError>>;

 public:
  Impl(EtcdPublisherOptions options, std::vector<std::string> endpoints, const Clock& clock,
       MakeTransport make_transport)
      : options_(std::move(options)),
        endpoints_(std::move(endpoints)),
        clock_(clock),
        make_transport_(std::move(make_transport)) {}

  std::expected<std::int64_t, PublishError> publish(std::string_view document,
                                                    std::optional<std::int64_t> expected,
                                                    const ChangeNote& note) {
    auto prepared = prepare_document(document, options_.limits, clock_.now().wall);
    if (!prepared) return std::unexpected(std::move(prepared).error());
    return write(*prepared, expected, note);
  }

  std::expected<std::int64_t, PublishError> write(const Document& document,
                                                  std::optional<std::int64_t> expected,
                                                  const ChangeNote& note) {
    const auto bytes = encode_for_stores(document, options_.limits);
    if (!bytes) return std::unexpected(bytes.error());
    const Change change{.bytes = *bytes,
                        .expected = expected,
                        .note = note,
                        .entry_key = etcd::new_entry_key(prefix_)};
    etcd::Attempts attempts = begin();
    bool may_be_applied = false;  // by an attempt whose response did not arrive
    while (attempts.next()) {
      auto outcome = options_.keeps_history ? write_with_entry(attempts, change, may_be_applied)
                                            : write_alone(attempts, change, may_be_applied);
      if (outcome) return *std::move(outcome);
    }
    return std::unexpected(unavailable("the document may not have been published", attempts));
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

  std::uint64_t entries() const noexcept { return entries_.load(std::memory_order_relaxed); }

 private:
  etcd::Attempts begin() {
    return {endpoints_, make_transport_(), clock_, options_.deadline, good_};
  }

  /// The document alone. The bytes mostly contain absolute ends of this moment, by which the
  /// publisher knows its own write whose response did not arrive.
  Outcome write_alone(etcd::Attempts& attempts, const Change& change, bool& may_be_applied) const {
    attempts.transport().write(attempts.begin_call(), {.key = options_.target.key,
                                                       .value = change.bytes,
                                                       .expected = change.expected,
                                                       .timeout = attempts.timeout()});
    const auto done = attempts.await<etcd::WriteDone>();
    if (!done) {
      may_be_applied = true;
      return std::nullopt;
    }
    const bool ours = may_be_applied && done->value == change.bytes;
    if (done->succeeded || ours) return done->mod_revision;
    return std::unexpected(publish_conflict(change.expected.value_or(0), done->mod_revision));
  }

  Outcome write_with_entry(etcd::Attempts& attempts, const Change& change, bool& may_be_applied) {
    for (int conflicts = 0;; ++conflicts) {
      attempts.transport().read(attempts.begin_call(),
                                {.key = options_.target.key, .timeout = attempts.timeout()});
      const auto current = attempts.await<etcd::ReadDone>();
      if (!current) return std::nullopt;
      attempts.transport().write(attempts.begin_call(),
                                 request(change, *current, attempts.timeout()));
      const auto done = attempts.await<etcd::WriteDone>();
      if (!done) {
        if (attempts.last_failure() == etcd::FailureKind::Permission)
          return not_permitted(attempts);
        may_be_applied = true;
        return std::nullopt;
      }
      if (done->succeeded) {
        entries_.fetch_add(1, std::memory_order_relaxed);
        trim(attempts);
        return done->mod_revision;
      }
      if (!done->also.empty()) {  // an earlier attempt's
        entries_.fetch_add(1, std::memory_order_relaxed);
        return done->also.front().create_revision;
      }
      if (change.expected || conflicts == kMaxConflicts) {
        return std::unexpected(conflict(attempts, change.expected.value_or(current->mod_revision),
                                        done->mod_revision));
      }
    }
  }

  etcd::WriteRequest request(const Change& change, const etcd::ReadDone& current,
                             std::chrono::nanoseconds timeout) const {
    const etcd::Revision previous = change.expected.value_or(current.mod_revision);
    const HistoryEntry entry =
        make_entry({.previous = previous, .before = current.value, .after = change.bytes},
                   change.note, clock_.now().wall, options_.limits);
    return {.key = options_.target.key,
            .value = change.bytes,
            .expected = previous,
            .also = {{.key = change.entry_key, .value = encode_entry(entry), .expected = 0}},
            .timeout = timeout};
  }

  std::unexpected<PublishError> not_permitted(const etcd::Attempts& attempts) const {
    return std::unexpected(PublishError{
        .kind = PublishError::Kind::Unavailable,
        .message = fmt::format("nothing was published: {}. The user needs readwrite on \"{}\" and "
                               "on the prefix \"{}\"; without the second, publish without an entry "
                               "in the history (osproxyctl --no-history, osproxy "
                               "--history-entries 0)",
                               attempts.failures(), options_.target.key, prefix_)});
  }

  /// Says who has published meanwhile, if the history can be read.
  PublishError conflict(etcd::Attempts& attempts, std::int64_t expected,
                        std::int64_t current) const {
    std::string who;
    attempts.transport().list(attempts.begin_call(), {.prefix = prefix_,
                                                      .limit = 1,
                                                      .min_created = current,
                                                      .max_created = current,
                                                      .timeout = attempts.timeout()});
    const auto list = attempts.await<etcd::ListDone>();
    if (list && !list->entries.empty()) {
      const auto entry =
          decode_entry(list->entries.front().value, current, EntryPart::WithoutDocument);
      if (entry) who = describe_change(*entry);
    }
    return publish_conflict(expected, current, who);
  }

  /// Removes old entries. A failure changes nothing: the next writer tries again.
  void trim(etcd::Attempts& attempts) const {
    attempts.transport().read(attempts.begin_call(), {.key = etcd::history_state_key(prefix_),
                                                      .timeout = attempts.timeout()});
    const auto read = attempts.await<etcd::ReadDone>();
    if (!read) return;
    attempts.transport().list(attempts.begin_call(),
                              etcd::oldest_entries(prefix_, attempts.timeout()));
    const auto oldest = attempts.await<etcd::ListDone>();
    if (!oldest) return;
    const auto state = etcd::usable_state(read->value, read->header.revision);
    // An instance writes a damaged state anew; before that nobody knows what was removed.
    if (!state && read->mod_revision != 0) return;
    const etcd::TrimInput input{
        .prefix = prefix_,
        .state = state.value_or(etcd::HistoryState{}),
        .state_revision = read->mod_revision,
        .bounds = options_.bounds.value_or(state ? state->bounds : HistoryBounds{}),
        .now = clock_.now().wall};
    if (!etcd::must_trim(input, *oldest)) return;
    attempts.transport().list(attempts.begin_call(),
                              etcd::oldest_by_hand(prefix_, attempts.timeout()));
    const auto by_hand = attempts.await<etcd::ListDone>();
    if (!by_hand) return;
    const auto write = etcd::plan_trim(input, *oldest, *by_hand, attempts.timeout());
    if (!write) return;
    attempts.transport().write(attempts.begin_call(), *write);
    attempts.await<etcd::WriteDone>();
  }

  const EtcdPublisherOptions options_;
  const std::string prefix_ = etcd::history_prefix(options_.target.key);
  const std::vector<std::string> endpoints_;
  const Clock& clock_;
  const MakeTransport make_transport_;
  std::atomic<std::size_t> good_{0};       // the endpoint that responded last
  std::atomic<std::uint64_t> entries_{0};  // relaxed: a number to look at
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

std::uint64_t EtcdDirectivePublisher::entries() const noexcept { return impl_->entries(); }

std::expected<std::int64_t, PublishError> EtcdDirectivePublisher::publish(
    std::string_view document, std::optional<std::int64_t> expected_revision,
    const ChangeNote& note) {
  return impl_->publish(document, expected_revision, note);
}

std::expected<std::int64_t, PublishError> EtcdDirectivePublisher::publish_as_it_stands(
    const Document& document, std::int64_t expected_revision, const ChangeNote& note) {
  return impl_->write(document, expected_revision, note);
}

std::expected<PublishedDocument, PublishError> EtcdDirectivePublisher::read() {
  return impl_->read();
}

}  // namespace osproxy
