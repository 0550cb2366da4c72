#include <cstdio>
#include <exception>

#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <time.h>

#include "osproxy/app/instance.h"
#include "osproxy/app/log.h"
#include "osproxy/app/settings.h"
#include "osproxy/etcd/transport.h"

namespace {

using namespace osproxy;

constexpr int kExitFailed = 1;

/// Blocked in every thread and taken by run(), so that nothing runs in a signal handler.
sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

int run(const app::Settings& settings, const sigset_t& signals) {
  const SystemClock clock;
  const auto instance = app::Instance::start(settings, clock);
  if (!instance) {
    spdlog::error("cannot start: {}", instance.error());
    return kExitFailed;
  }
  const timespec second{.tv_sec = 1, .tv_nsec = 0};
  while (sigtimedwait(&signals, nullptr, &second) < 0) (*instance)->look();
  (*instance)->stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto settings = app::read_settings(
      {.arguments = {argv + 1, argv + argc}, .environment = app::system_environment});
  if (!settings) {
    const auto& [exit_code, text] = settings.error();
    std::fputs(text.c_str(), exit_code == 0 ? stdout : stderr);
    return exit_code;
  }
  etcd::mute_grpc_log();
  app::set_up_log(settings->log_level);
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a broken connection is an error of its write
  return run(*settings, signals);
} catch (const std::exception& error) {
  std::fprintf(stderr, "osproxy: %s\n", error.what());
  return kExitFailed;
}
