// osproxyctl: the process around cli::run().
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <signal.h>

#include "osproxy/cli/cli.h"
#include "osproxy/cli/connection/etcd_connector.h"
#include "osproxy/core/process_start.h"
#include "osproxy/etcd/grpc_settings.h"

namespace {

// Turns SIGINT and SIGTERM into a stop request, once start() is called.
class SignalStop {
 public:
  SignalStop() = default;
  SignalStop(const SignalStop&) = delete;
  SignalStop& operator=(const SignalStop&) = delete;

  ~SignalStop() {
    if (waiter_.joinable()) pthread_kill(waiter_.native_handle(), SIGINT);  // ends its wait
  }

  // Blocks the signals in this thread and in those that it starts later; one thread waits for them.
  std::stop_token start() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    waiter_ = std::jthread([this, signals] {
      int received = 0;
      sigwait(&signals, &received);
      stop_.request_stop();
    });
    return stop_.get_token();
  }

 private:
  std::stop_source stop_;
  std::jthread waiter_;  // last: joined before stop_ goes
};

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
      .stop_on_signal = [&stop] { return stop.start(); },
  };
  return osproxy::cli::run(std::vector<std::string>(argv + 1, argv + argc), environment);
}
