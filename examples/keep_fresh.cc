// Keeps a directive set fresh from etcd and reads it on several threads.
//   keep_fresh 127.0.0.1:2379 [seconds]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/etcd_directive_store.h"

int main(int argc, char** argv) {
  using namespace osproxy;
  const SystemClock clock;
  const auto store = EtcdDirectiveStore::connect(
      {.target = {.endpoints = {argc > 1 ? argv[1] : "127.0.0.1:2379"}}}, clock);
  if (!store) return std::fprintf(stderr, "%s\n", store.error().message.c_str()), 1;

  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&](const std::stop_token& stop) {
      SnapshotReader<DirectiveSet> reader((*store)->cell());
      while (!stop.stop_requested()) {
        const DirectiveSet& set = *reader.load();  // one acquire load; once per piece of work
        if (set.match({.tenant = "acme"}, clock.now(), "request-1").selected()) {
          // … record it
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::seconds{argc > 2 ? std::atoi(argv[2]) : 3600});
  std::printf("%zu directives in force\n", (*store)->load()->directives().size());
}
