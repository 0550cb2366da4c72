// osproxyctl: the process around cli::run().
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "osproxy/cli/cli.h"
#include "osproxy/cli/connection/etcd_connector.h"
#include "osproxy/cli/run/exit_code.h"
#include "osproxy/core/process_start.h"
#include "osproxy/etcd/grpc_settings.h"

namespace {

// The time that a command has to end after a signal. It needs longer only if nobody reads its
// output and the pipe is full.
constexpr std::chrono::seconds kEndTime{2};

// Turns SIGINT and SIGTERM into a stop request, once start() is called. If the command does not end
// then, ends the process.
class SignalStop {
 public:
  SignalStop() = default;
  SignalStop(const SignalStop&) = delete;
  SignalStop& operator=(const SignalStop&) = delete;

  ~SignalStop() {
    done_ = true;
    if (waiter_.joinable()) pthread_kill(waiter_.native_handle(), SIGINT);  // ends its wait
  }

  // Blocks the signals in this thread and in those that it starts later; one thread waits for them.
  std::stop_token start() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    waiter_ = std::jthread([this, signals] { wait(signals); });
    return stop_.get_token();
  }

 private:
  void wait(const sigset_t& signals) {
    int received = 0;
    sigwait(&signals, &received);
    stop_.request_stop();
    const timespec time{.tv_sec = kEndTime.count(), .tv_nsec = 0};
    if (!done_) sigtimedwait(&signals, nullptr, &time);  // a second signal ends it at once
    if (!done_) ::_exit(static_cast<int>(osproxy::cli::ExitCode::Failed));
  }

  std::stop_source stop_;
  std::atomic<bool> done_{false};  // the command has ended
  std::jthread waiter_;            // last: joined before the others go
};

// True if the reader of standard output has gone.
bool is_stdout_closed() {
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

std::optional<std::string> variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  osproxy::prepare_process();
  osproxy::etcd::set_up_grpc();
  const osproxy::SystemClock clock;
  SignalStop stop;
  osproxy::cli::Environment environment{
      .in = std::cin,
      .out = std::cout,
      .err = std::cerr,
      .clock = clock,
      .random = osproxy::Random::from_system(),
      .variable = variable,
      .sleep = [](std::chrono::nanoseconds time) { std::this_thread::sleep_for(time); },
      .etcd = osproxy::cli::make_etcd_connector(clock),
      .is_out_closed = is_stdout_closed,
      .is_err_terminal = ::isatty(STDERR_FILENO) == 1,
      .stop_on_signal = [&stop] { return stop.start(); },
  };
  return osproxy::cli::run(std::vector<std::string>(argv + 1, argv + argc), environment);
}
