#include "osproxy/etcd/etcd_fleet_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "osproxy/etcd/attempts.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/fleet_key.h"
#include "osproxy/etcd/transport.h"

namespace osproxy {
namespace {

Fleet judge(const etcd::ReadDone& document, const etcd::ListDone& acks, std::size_t prefix_bytes) {
  const CurrentDocument current{.revision = document.mod_revision,
                                .seen = document.header.revision};
  Fleet fleet{.revision = document.mod_revision};
  fleet.members.reserve(acks.entries.size());
  for (const etcd::KeyValue& entry : acks.entries) {
    fleet.members.push_back(
        judge_value(etcd::instance_of(entry.key.substr(prefix_bytes)), entry.value, current));
  }
  std::ranges::sort(fleet.members, {}, &FleetMember::instance);
  return fleet;
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
  etcd::Attempts attempts(endpoints_, make_transport_(), clock_, options_.deadline);
  while (attempts.next()) {
    attempts.transport().read(
        attempts.begin_call(),
        {.key = options_.target.key, .keys_only = true, .timeout = attempts.timeout()});
    const auto document = attempts.await<etcd::ReadDone>();
    if (!document) continue;
    attempts.transport().list(attempts.begin_call(),
                              {.prefix = prefix, .timeout = attempts.timeout()});
    const auto acks = attempts.await<etcd::ListDone>();
    if (acks) return judge(*document, *acks, prefix.size());
  }
  return std::unexpected(fmt::format("cannot read \"{}\" and the keys below \"{}\" from etcd: {}",
                                     options_.target.key, prefix, attempts.failures()));
}

}  // namespace osproxy
