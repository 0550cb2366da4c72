// Keeps a directive set fresh from etcd, reads it on several threads, and prints when a thread sees
// a change.
//
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
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // flush each line, also into a pipe
  const SystemClock clock;
  const auto store = EtcdDirectiveStore::connect(
      {.target = {.endpoints = {argc > 1 ? argv[1] : "127.0.0.1:2379"}}}, clock);
  if (!store) return std::fprintf(stderr, "%s\n", store.error().message.c_str()), 1;

  std::vector<std::jthread> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&, worker](const std::stop_token& stop) {
      SnapshotReader<DirectiveSet> reader((*store)->cell());
      for (bool before = false; !stop.stop_requested();) {
        const DirectiveSet& set = *reader.load();  // one acquire load per piece of work
        const bool selected = set.match({.tenant = "acme"}, clock.now(), "request-1").selected();
        if (selected != before) std::printf("worker %d: %s\n", worker, selected ? "on" : "off");
        before = selected;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});  // the work
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::seconds{argc > 2 ? std::atoi(argv[2]) : 3600});
}
