#include "osproxy/etcd/etcd_history_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "osproxy/etcd/attempts.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/history_key.h"
#include "osproxy/etcd/transport.h"
#include "osproxy/store/history_json.h"

namespace osproxy {
namespace {

HistoryEntry read_entry(const std::string& value, std::int64_t revision, EntryPart part) {
  auto entry = decode_entry(value, revision, part);
  if (entry) return *std::move(entry);
  return {.revision = revision, .fault = std::move(entry).error()};
}

bool is_about(const HistoryEntry& entry, const std::string& directive) {
  if (directive.empty()) return true;
  if (!entry.fault.empty()) return false;
  if (!entry.diff) return true;  // of a malformed document nobody knows
  return entry.diff->came.may_contain(directive) || entry.diff->went.may_contain(directive) ||
         entry.diff->changed.may_contain(directive);
}

/// Collects the pages of one list.
class HistoryPages {
 public:
  HistoryPages(std::string prefix, const HistoryQuery& query)
      : prefix_(std::move(prefix)), query_(query) {}

  /// True if there are more pages, and they are wanted. The page has at most `limit` keys.
  bool add(const etcd::ListDone& page, std::int64_t limit) {
    for (const etcd::KeyValue& one : page.entries) {
      ++looked_;
      older_than_ = one.create_revision - 1;
      const auto revision = etcd::entry_revision(prefix_, one);
      if (!revision) continue;
      HistoryEntry entry = read_entry(one.value, *revision, EntryPart::WithoutDocument);
      if (is_about(entry, query_.directive)) list_.entries.push_back(std::move(entry));
    }
    return std::ssize(page.entries) == limit && older_than_ > 0 &&
           looked_ < EtcdHistoryReader::kMaxLooked && certain() <= query_.limit;
  }

  etcd::ListRequest request(std::int64_t limit, std::chrono::nanoseconds timeout) const {
    return {.prefix = prefix_,
            .limit = limit,
            .order = etcd::ListOrder::NewestFirst,
            .max_created = older_than_,
            .timeout = timeout};
  }

  HistoryList take() && {
    std::ranges::sort(list_.entries, std::ranges::greater{}, &HistoryEntry::revision);
    list_.has_more = list_.entries.size() > query_.limit;
    if (list_.has_more) list_.entries.resize(query_.limit);
    return std::move(list_);
  }

 private:
  /// Entries that are newer than all that were not read: a change comes before its entry. An entry
  /// by hand may be created long after those of later changes.
  std::size_t certain() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        list_.entries, [this](const HistoryEntry& one) { return one.revision > older_than_; }));
  }

  const std::string prefix_;
  const HistoryQuery& query_;
  etcd::Revision older_than_ = 0;  // of the next page; 0: it is the first one
  std::size_t looked_ = 0;
  HistoryList list_;
};

/// Reads all pages; nullopt if a call failed. A page that is too large is asked for again with
/// fewer keys: etcd takes no value above 1.5 MiB, so that one key always fits.
std::optional<HistoryList> read_pages(etcd::Attempts& attempts, const std::string& prefix,
                                      const HistoryQuery& query) {
  HistoryPages pages(prefix, query);
  for (std::int64_t limit = EtcdHistoryReader::kPage; limit > 0;) {
    attempts.transport().list(attempts.begin_call(), pages.request(limit, attempts.timeout()));
    const auto page = attempts.await<etcd::ListDone>();
    if (page) {
      if (!pages.add(*page, limit)) return std::move(pages).take();
    } else if (attempts.last_failure() == etcd::FailureKind::TooLarge) {
      limit /= 4;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

HistoryError not_found(std::int64_t revision, const std::optional<etcd::HistoryState>& state) {
  std::string reason =
      "no change of the document has this revision: `osproxyctl history` lists them";
  if (state && revision <= state->trimmed) {
    reason = fmt::format(
        "entries up to revision {} have been removed (--history-entries, "
        "--history-age)",
        state->trimmed);
  } else if (state && revision <= state->complete) {
    reason =
        "no change of the document has this revision, or the history began after it: "
        "`osproxyctl history` lists them";
  }
  return {.kind = HistoryError::Kind::NotFound,
          .message = fmt::format("revision {} is not in the history: {}", revision, reason)};
}

using Found = std::expected<HistoryEntry, HistoryError>;

/// Looks for the entry of a publisher, then for the one by hand; nullopt if a call failed.
std::optional<Found> find_entry(etcd::Attempts& attempts, const std::string& prefix,
                                std::int64_t revision) {
  attempts.transport().list(attempts.begin_call(), {.prefix = prefix,
                                                    .limit = 2,
                                                    .min_created = revision,
                                                    .max_created = revision,
                                                    .timeout = attempts.timeout()});
  const auto created = attempts.await<etcd::ListDone>();
  if (!created) return std::nullopt;
  for (const etcd::KeyValue& one : created->entries) {
    if (etcd::entry_revision(prefix, one) == revision) {
      return read_entry(one.value, revision, EntryPart::Whole);
    }
  }
  const auto read = [&attempts](std::string key) {
    attempts.transport().read(attempts.begin_call(),
                              {.key = std::move(key), .timeout = attempts.timeout()});
    return attempts.await<etcd::ReadDone>();
  };
  const auto by_hand = read(etcd::by_hand_key(prefix, revision));
  if (!by_hand) return std::nullopt;
  if (by_hand->mod_revision > revision) {
    return read_entry(by_hand->value, revision, EntryPart::Whole);
  }
  const auto state = read(etcd::history_state_key(prefix));
  if (!state) return std::nullopt;
  return std::unexpected(not_found(revision, etcd::decode_state(state->value)));
}

}  // namespace

std::expected<std::unique_ptr<EtcdHistoryReader>, EtcdError> EtcdHistoryReader::create(
    EtcdHistoryOptions options, const Clock& clock) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  const EtcdCredentials credentials = options.target.credentials;
  return create(std::move(options), clock, [endpoints = *endpoints, credentials, &clock] {
    return etcd::make_transport(endpoints, credentials, clock);
  });
}

std::expected<std::unique_ptr<EtcdHistoryReader>, EtcdError> EtcdHistoryReader::create(
    EtcdHistoryOptions options, const Clock& clock, MakeTransport make_transport) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  return std::unique_ptr<EtcdHistoryReader>(new EtcdHistoryReader(
      std::move(options), *std::move(endpoints), clock, std::move(make_transport)));
}

EtcdHistoryReader::EtcdHistoryReader(EtcdHistoryOptions options, std::vector<std::string> endpoints,
                                     const Clock& clock, MakeTransport make_transport)
    : options_(std::move(options)),
      endpoints_(std::move(endpoints)),
      clock_(clock),
      make_transport_(std::move(make_transport)) {}

std::expected<HistoryList, HistoryError> EtcdHistoryReader::list(const HistoryQuery& query) {
  const std::string prefix = etcd::history_prefix(options_.target.key);
  etcd::Attempts attempts(endpoints_, make_transport_(), clock_, options_.deadline, good_);
  while (attempts.next()) {
    if (auto list = read_pages(attempts, prefix, query)) return *std::move(list);
  }
  return std::unexpected(HistoryError{
      .kind = HistoryError::Kind::Unavailable,
      .message =
          fmt::format("cannot read the history below \"{}\": {}", prefix, attempts.failures())});
}

std::expected<HistoryEntry, HistoryError> EtcdHistoryReader::find(std::int64_t revision) {
  const std::string prefix = etcd::history_prefix(options_.target.key);
  etcd::Attempts attempts(endpoints_, make_transport_(), clock_, options_.deadline, good_);
  while (attempts.next()) {
    auto found = find_entry(attempts, prefix, revision);
    if (!found) continue;
    if (*found && !(*found)->fault.empty()) return std::unexpected(unreadable_entry(**found));
    return *std::move(found);
  }
  return std::unexpected(HistoryError{
      .kind = HistoryError::Kind::Unavailable,
      .message = fmt::format("cannot read the history's entry of revision {} below \"{}\": {}",
                             revision, prefix, attempts.failures())});
}

}  // namespace osproxy
