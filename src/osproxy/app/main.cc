#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <expected>
#include <initializer_list>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "osproxy/app/config_check.h"
#include "osproxy/app/instance.h"
#include "osproxy/app/logs/log.h"
#include "osproxy/app/service_manager.h"
#include "osproxy/app/settings/settings.h"
#include "osproxy/app/stop_guard.h"
#include "osproxy/core/process_start.h"
#include "osproxy/etcd/grpc_settings.h"

namespace {

using namespace osproxy;

constexpr int kExitFailed = 1;
constexpr int kExitBadSetting = 2;

/// How often Instance::poll() is called, and the service manager is told that the process is alive.
constexpr std::chrono::milliseconds kPollInterval{1'000};

/// The time that the parts of the instance have to end after the drain: calls to etcd and to the
/// collector that are under way, records that are written.
constexpr std::chrono::milliseconds kEndTime{15'000};

/// The time that the last line of the log gets when the process gives up.
constexpr std::chrono::milliseconds kLastLineTime{500};

/// Blocks SIGHUP, which otherwise kills a process that is told to reload while it starts. It stays
/// pending until serve() takes it. By the system call itself, because a sanitizer's function for it
/// is not set up yet.
void block_hangup(int, char**, char**) noexcept {
  const std::uint64_t hangup = std::uint64_t{1} << (SIGHUP - 1);
  ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, &hangup, nullptr, sizeof(hangup));
}

/// Called before the shared libraries are initialized, which takes gRPC some milliseconds.
[[gnu::section(".preinit_array"), gnu::used]] void (*const kCalledFirst)(int, char**,
                                                                         char**) = block_hangup;

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers) sigaddset(&signals, number);
  return signals;
}

/// Waits for one of `signals`; -1 if none comes in time. They are blocked in every thread, so that
/// no code runs in a signal handler.
int await_signal(const sigset_t& signals, std::chrono::milliseconds timeout) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timespec time{.tv_sec = seconds.count(),
                      .tv_nsec = std::chrono::nanoseconds(timeout - seconds).count()};
  return sigtimedwait(&signals, nullptr, &time);
}

std::expected<app::Settings, std::string> read_again(const app::SettingsSources& sources) {
  auto settings = app::read_settings(sources);
  if (settings) return *std::move(settings);
  std::string text = std::move(settings).error().text;
  while (text.ends_with('\n')) text.pop_back();
  return std::unexpected(std::move(text));
}

/// Overwrites secrets among the arguments, which every user of the machine can read in the list of
/// processes. They are copied before.
void hide_secret_arguments(int argc, char** argv) {
  constexpr std::string_view kFlag = "--otlp-headers";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    char* secret = nullptr;
    if (argument == kFlag && i + 1 < argc) {
      secret = argv[i + 1];
    } else if (argument.starts_with(kFlag) && argument.substr(kFlag.size()).starts_with('=')) {
      secret = argv[i] + kFlag.size() + 1;
    }
    if (secret != nullptr) std::memset(secret, 'x', std::strlen(secret));
  }
}

/// Serves until SIGTERM or SIGINT.
void serve(app::Instance& instance, const app::SettingsSources& sources,
           const app::ServiceManager& manager) {
  const sigset_t signals = set_of({SIGTERM, SIGINT, SIGHUP});
  const auto watched = manager.watchdog_interval();
  const auto bound = watched ? *watched / 2 : std::chrono::microseconds::zero();
  const auto interval =
      watched ? std::min(kPollInterval, std::chrono::ceil<std::chrono::milliseconds>(bound))
              : kPollInterval;
  while (true) {
    const int signal = await_signal(signals, interval);
    if (signal == SIGTERM || signal == SIGINT) return;
    if (signal == SIGHUP) {
      manager.reloading();
      instance.reload(read_again(sources));
      manager.ready();
    }
    instance.poll();
    if (watched && instance.is_alive(bound)) manager.alive();
  }
}

/// Ends the process without waiting for anything. Nobody has been served: this is no failure.
[[noreturn]] void give_up_start(const std::string& reason) {
  spdlog::warn("ended at once: {}", reason);
  app::flush_log(kLastLineTime);
  ::_exit(0);
}

/// The same while, or after, clients have been served.
[[noreturn]] void give_up(const std::string& reason) {
  spdlog::error("ended at once: {}", reason);
  app::flush_log(kLastLineTime);
  ::_exit(kExitFailed);
}

int run(const app::Settings& settings, const app::SettingsSources& sources) {
  std::stop_source cancel;
  app::StopGuard guard({.is_told = app::stop_is_pending,
                        .cancel_start = [&cancel] { cancel.request_stop(); },
                        .give_up_start = give_up_start,
                        .give_up = give_up});
  const SystemClock clock;
  const app::ServiceManager manager(sources.environment);
  const auto listener = manager.take_listener();
  const auto instance = listener
                            ? app::Instance::start(settings, clock, *listener, cancel.get_token())
                            : std::unexpected(listener.error());
  if (!instance && cancel.stop_requested()) {
    spdlog::info("stopped while it was starting: {}", instance.error());
    return 0;
  }
  if (!instance) {
    spdlog::error("cannot start: {}", instance.error());
    return kExitFailed;
  }
  guard.started();
  manager.ready();
  serve(**instance, sources, manager);
  guard.expect_end(settings.drain.delay + settings.drain.timeout + kEndTime);
  manager.stopping();
  (*instance)->announce_stop();
  await_signal(set_of({SIGTERM, SIGINT}), settings.drain.delay);
  (*instance)->stop();
  return 0;
}

/// Prints the text to standard output if the exit code is 0, else to standard error. Returns the
/// exit code.
int print(const std::string& text, int exit_code) {
  std::FILE* const file = exit_code == 0 ? stdout : stderr;
  if (std::fputs(text.c_str(), file) >= 0 && std::fflush(file) == 0) return exit_code;
  if (exit_code == 0) std::perror("osproxy: standard output cannot be written");
  return kExitFailed;
}

/// Warnings go to standard error, so that a pipeline can keep them apart.
int report(const app::ConfigCheck& check) {
  for (const std::string& warning : check.warnings) {
    std::fprintf(stderr, "osproxy: warning: %s\n", warning.c_str());
  }
  for (const std::string& error : check.errors) {
    std::fprintf(stderr, "osproxy: %s\n", error.c_str());
  }
  return check.errors.empty() ? print("osproxy: the configuration can be used\n", 0)
                              : kExitBadSetting;
}

}  // namespace

int main(int argc, char** argv) try {
  prepare_process();
  const app::SettingsSources sources{.arguments = {argv + 1, argv + argc},
                                     .environment = app::system_environment};
  hide_secret_arguments(argc, argv);
  const auto settings = app::read_settings(sources);
  if (!settings) {
    const auto& [exit_code, text] = settings.error();
    return print(text, exit_code);
  }
  if (settings->check_only) return report(app::check_config(*settings, SystemClock()));
  // Before any thread is started: a signal must find all of them closed.
  const sigset_t signals = set_of({SIGTERM, SIGINT, SIGHUP});
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  etcd::set_up_grpc();
  app::set_up_log(settings->log_level);
  return run(*settings, sources);
} catch (const std::exception& error) {
  std::fprintf(stderr, "osproxy: %s\n", error.what());
  return kExitFailed;
}
