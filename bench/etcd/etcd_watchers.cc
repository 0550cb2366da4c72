// osproxy's part of the etcd benchmark (scripts/bench_etcd): stores that follow one key, each with
// its own connection and thread, like separate instances. go/watchers.go is the part of the
// official client.
//
//   etcd_watchers ENDPOINT KEY COUNT
//
// Prints "ready" and waits until standard input ends. Then it prints what each store saw: store,
// revision, nanoseconds since 1970. A revision counts as seen once its document is decoded,
// compiled and published.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <deque>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/etcd_directive_store.h"
#include "osproxy/etcd/grpc_settings.h"

namespace osproxy {
namespace {

struct Sight {
  std::int64_t revision;
  std::int64_t at_ns;
};

// One store and what it saw. It must not move, because the store's callback refers to it.
struct Watcher {
  std::vector<Sight> sights;  // owned by the store's thread; read after the store is destroyed
  std::unique_ptr<EtcdDirectiveStore> store;
};

std::int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool start(Watcher& watcher, const EtcdTarget& target, const Clock& clock) {
  const auto on_change = [&sights = watcher.sights](const StoreStatus& status,
                                                    const DirectiveSet::Pointer&) {
    if (sights.empty() || sights.back().revision != status.revision) {
      sights.push_back({.revision = status.revision, .at_ns = now_ns()});
    }
  };
  auto store = EtcdDirectiveStore::connect({.target = target, .on_change = on_change}, clock);
  if (!store) {
    std::cerr << store.error().message << '\n';
    return false;
  }
  watcher.store = *std::move(store);
  return true;
}

int run(const EtcdTarget& target, std::size_t count) {
  const SystemClock clock;
  std::deque<Watcher> watchers(count);
  for (Watcher& watcher : watchers) {
    if (!start(watcher, target, clock)) return 1;
  }
  std::cout << "ready\n" << std::flush;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  for (Watcher& watcher : watchers) watcher.store.reset();
  for (std::size_t i = 0; i < count; ++i) {
    for (const Sight& sight : watchers[i].sights) {
      fmt::print("{} {} {}\n", i, sight.revision, sight.at_ns);
    }
  }
  return 0;
}

}  // namespace
}  // namespace osproxy

int main(int argc, char** argv) {
  osproxy::etcd::set_up_grpc();
  std::size_t count = 0;
  const std::string_view text = argc == 4 ? argv[3] : "";
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() || count == 0) {
    std::cerr << "usage: etcd_watchers ENDPOINT KEY COUNT\n";
    return 2;
  }
  return osproxy::run({.endpoints = {argv[1]}, .key = argv[2]}, count);
}
