#include "sim/connection.h"

#include <expected>
#include <string>
#include <utility>

#include "osproxy/etcd/auth_transport.h"

namespace osproxy::etcd::sim {

Connection::Connection(const World& world, Random random, std::function<void()> arrived)
    : world_(world), first_token_(world.etcd.token()) {
  auto link = std::make_unique<ModelLink>(world.time, world.etcd, random, std::move(arrived));
  link_ = link.get();
  std::unique_ptr<Transport> transport = std::move(link);
  if (world.schedule.with_user) {
    const auto password = []() -> std::expected<std::string, std::string> { return "secret"; };
    transport = std::make_unique<AuthTransport>(std::move(transport), "ana", password, world.clock);
  }
  calls_ = std::make_unique<CallTracker>(std::move(transport), world.time, world.report);
}

void Connection::check_tokens() const {
  if (link_->gets_two_tokens_at_once()) world_.report.violated("two tokens are requested at once");
  const auto needed = world_.etcd.token() - first_token_ + 1;
  if (keeps_connections(world_.schedule) && link_->authentications() > needed) {
    world_.report.violated("a token is requested without need");
  }
}

}  // namespace osproxy::etcd::sim
