#include "osproxy/etcd/etcd_fleet_reader.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "osproxy/etcd/attempts.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/fleet_key.h"
#include "osproxy/etcd/transport.h"

namespace osproxy {
namespace {

/// Collects the pages of one read.
class FleetPages {
 public:
  FleetPages(const etcd::ReadDone& document, std::size_t prefix_bytes)
      : fleet_{.revision = document.mod_revision},
        seen_(document.header.revision),
        prefix_bytes_(prefix_bytes) {}

  /// True if there are more pages, and room for what they hold.
  bool add(etcd::ListDone&& page) {
    CurrentDocument current{.revision = fleet_.revision, .seen = seen_};
    if (page.header.revision > 0) current.newest = page.header.revision;
    for (const etcd::KeyValue& entry : page.entries) {
      if (entry.lease == 0 && entry.version <= 1) continue;  // no instance has ever held it
      std::string instance = etcd::instance_of(entry.key.substr(prefix_bytes_));
      bytes_ += entry.key.size() + std::min(entry.value.size(), kMaxAckBytes);
      fleet_.members.push_back(
          entry.lease != 0
              ? judge_value(std::move(instance), entry.value, current)
              : FleetMember{.instance = std::move(instance),
                            .why = "its key was written over without a lease, so not by it"});
    }
    if (!page.entries.empty()) next_ = page.entries.back().key + '\0';
    const std::int64_t rest = page.count - std::ssize(page.entries);
    const bool is_full = fleet_.members.size() >= EtcdFleetReader::kMaxMembers ||
                         bytes_ >= EtcdFleetReader::kMaxBytes;
    if (is_full) fleet_.left_out = std::max<std::int64_t>(rest, 0);
    return rest > 0 && !page.entries.empty() && !is_full;
  }

  const std::string& next() const { return next_; }

  Fleet take() && {
    std::ranges::sort(fleet_.members, {}, &FleetMember::instance);
    return std::move(fleet_);
  }

 private:
  Fleet fleet_;
  const std::int64_t seen_;
  const std::size_t prefix_bytes_;
  std::size_t bytes_ = 0;
  std::string next_;
};

/// Reads all pages; nullopt if a call failed. A page that is too large is asked for again with
/// fewer keys: etcd takes no value above 1.5 MiB, so that one key always fits.
std::optional<Fleet> read_pages(etcd::Attempts& attempts, const etcd::ReadDone& document,
                                const std::string& prefix) {
  FleetPages pages(document, prefix.size());
  for (std::int64_t limit = EtcdFleetReader::kPage; limit > 0;) {
    attempts.transport().list(
        attempts.begin_call(),
        {.prefix = prefix, .first = pages.next(), .limit = limit, .timeout = attempts.timeout()});
    auto page = attempts.await<etcd::ListDone>();
    if (page) {
      if (!pages.add(*std::move(page))) return std::move(pages).take();
    } else if (attempts.last_failure() == etcd::FailureKind::TooLarge) {
      limit /= 4;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

std::expected<std::unique_ptr<EtcdFleetReader>, EtcdError> EtcdFleetReader::create(
    EtcdFleetOptions options, const Clock& clock) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  const EtcdCredentials credentials = options.target.credentials;
  return create(std::move(options), clock, [endpoints = *endpoints, credentials, &clock] {
    return etcd::make_transport(endpoints, credentials, clock);
  });
}

std::expected<std::unique_ptr<EtcdFleetReader>, EtcdError> EtcdFleetReader::create(
    EtcdFleetOptions options, const Clock& clock, MakeTransport make_transport) {
  auto endpoints = etcd::check_target(options.target);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  return std::unique_ptr<EtcdFleetReader>(new EtcdFleetReader(
      std::move(options), *std::move(endpoints), clock, std::move(make_transport)));
}

EtcdFleetReader::EtcdFleetReader(EtcdFleetOptions options, std::vector<std::string> endpoints,
                                 const Clock& clock, MakeTransport make_transport)
    : options_(std::move(options)),
      endpoints_(std::move(endpoints)),
      clock_(clock),
      make_transport_(std::move(make_transport)) {}

std::expected<Fleet, std::string> EtcdFleetReader::read() {
  const std::string prefix = etcd::fleet_prefix(options_.target.key);
  etcd::Attempts attempts(endpoints_, make_transport_(), clock_, options_.deadline, good_);
  while (attempts.next()) {
    attempts.transport().read(
        attempts.begin_call(),
        {.key = options_.target.key, .keys_only = true, .timeout = attempts.timeout()});
    const auto document = attempts.await<etcd::ReadDone>();
    if (!document) continue;
    if (auto fleet = read_pages(attempts, *document, prefix)) return *std::move(fleet);
  }
  return std::unexpected(fmt::format("cannot read \"{}\" and the keys below \"{}\" from etcd: {}",
                                     options_.target.key, prefix, attempts.failures()));
}

}  // namespace osproxy
