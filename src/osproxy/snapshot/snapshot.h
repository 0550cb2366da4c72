// A value that one thread replaces and many threads read; a read costs one atomic load.
//
//   SnapshotCell<DirectiveSet> cell(initial);     // one for the process
//   cell.publish(next);                           // the owner of the value
//
//   SnapshotReader<DirectiveSet> reader(cell);    // one for each reading thread
//   const DirectiveSet& set = *reader.load();     // once for each piece of work
//
// A reader keeps an owning pointer and compares a version counter. While nothing changes, load() is
// one acquire load and one branch. It touches no reference count, so that readers on other cores
// share only a cache line that nobody writes. The first load() after a publish takes the mutex, to
// copy the pointer.
//
// Load once for each piece of work and pass the reference down: two loads may see two values. The
// reference is valid until the same reader's next load(); keep a copy of the shared_ptr to hold it
// longer, for example across a co_await.
//
// Thread safety: a cell may be used from any thread. A reader belongs to one thread.
// Ownership: cell and readers share the state. A reader may outlive its cell, and then sees the
// last value for ever. Invariant: the value is never null, and load() never goes back to an older
// value.
//
// Not for values that change as often as they are read: each change costs each reader a mutex.
// (`std::atomic<std::shared_ptr>` of libstdc++ 12 takes a lock on every load and is flagged by
// TSan; docs/design/snapshot.md has the figures.)
#pragma once

#include <atomic>
#include <cassert>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace osproxy {

template <class T>
class SnapshotReader;

template <class T>
class SnapshotCell {
 public:
  using Pointer = std::shared_ptr<const T>;

  /// `initial` must not be null.
  explicit SnapshotCell(Pointer initial) : state_(std::make_shared<State>(std::move(initial))) {}

  SnapshotCell(const SnapshotCell&) = delete;
  SnapshotCell& operator=(const SnapshotCell&) = delete;

  /// Replaces the value. `next` must not be null. The last holder destroys the old value, never
  /// while the mutex is held.
  void publish(Pointer next) {
    assert(next != nullptr);
    {
      const std::lock_guard lock(state_->mutex);
      state_->value.swap(next);
      // release: a reader that sees the new version also sees what publish() did before; the
      // value itself is read under the mutex.
      state_->version.fetch_add(1, std::memory_order_release);
    }
  }

  /// Returns the current value, and takes the mutex: for callers without a reader.
  Pointer load() const {
    const std::lock_guard lock(state_->mutex);
    return state_->value;
  }

 private:
  friend class SnapshotReader<T>;

  struct State {
    explicit State(Pointer initial) : value(std::move(initial)) { assert(value != nullptr); }

    // Synchronizes itself. Alone on its cache line, so that the mutex below does not disturb
    // readers that only compare it.
    alignas(64) std::atomic<std::uint64_t> version{1};

    alignas(64) std::mutex mutex;
    Pointer value;  // guarded by mutex
  };

  const std::shared_ptr<State> state_;
};

template <class T>
class SnapshotReader {
 public:
  using Pointer = std::shared_ptr<const T>;

  explicit SnapshotReader(const SnapshotCell<T>& cell) : state_(cell.state_) { refresh(); }

  SnapshotReader(SnapshotReader&&) noexcept = default;
  SnapshotReader& operator=(SnapshotReader&&) noexcept = default;

  /// Returns the current value. The reference is valid until the next load() of this reader.
  const Pointer& load() {
    // acquire: pairs with the release in publish(); see there.
    if (state_->version.load(std::memory_order_acquire) != version_) [[unlikely]] {
      refresh();
    }
    return value_;
  }

 private:
  using State = typename SnapshotCell<T>::State;

  void refresh() {
    Pointer next;
    {
      const std::lock_guard lock(state_->mutex);
      next = state_->value;
      version_ = state_->version.load(std::memory_order_relaxed);  // ordered by the mutex
    }
    value_.swap(next);  // the old value goes after the lock: its destructor may be long
  }

  std::shared_ptr<State> state_;
  Pointer value_;
  std::uint64_t version_ = 0;
};

}  // namespace osproxy
