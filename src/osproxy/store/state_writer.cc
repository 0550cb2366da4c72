#include "osproxy/store/state_writer.h"

#include <chrono>
#include <utility>

namespace osproxy {
namespace {

// Each write waits for the disk twice; a burst of publishes must not become a burst of writes.
constexpr std::chrono::seconds kBetweenWrites{1};
constexpr std::chrono::seconds kUntilNextTry{10};

}  // namespace

StateWriter::StateWriter(std::filesystem::path path)
    : path_(std::move(path)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

StateWriter::~StateWriter() = default;

void StateWriter::save(SavedSet set) {
  {
    const std::lock_guard lock(mutex_);
    waiting_ = std::move(set);
  }
  filled_.notify_one();
}

std::string StateWriter::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

void StateWriter::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    filled_.wait(lock, stop, [this] { return waiting_.has_value(); });
    if (!waiting_) return;  // asked to stop, and nothing is left
    SavedSet set = *std::exchange(waiting_, std::nullopt);
    lock.unlock();
    const auto saved = save_state(path_, set);
    lock.lock();
    error_ = saved ? std::string{} : saved.error();
    if (!saved && stop.stop_requested()) return;
    if (!saved && !waiting_) waiting_ = std::move(set);
    // Waits until asked to stop; a set that comes meanwhile waits too.
    filled_.wait_for(lock, stop, saved ? kBetweenWrites : kUntilNextTry, [] { return false; });
  }
}

}  // namespace osproxy
