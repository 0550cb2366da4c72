// Things that are needed for a while and keep their memory for whoever needs one next.
//
//   ObjectPool<Scratch> spares(16);                     // one a worker
//   const PooledObject<Scratch> scratch(spares);            // a kept one, or a new one
//
// What is borrowed is as its last borrower left it; a new one is default-initialized. Belongs to
// one worker; the spares must outlive the loans.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace osproxy {

template <class T>
class PooledObject;

template <class T>
class ObjectPool {
 public:
  /// More than `max_kept` are freed: what a burst needed is not held for ever.
  explicit ObjectPool(std::size_t max_kept) : max_kept_(max_kept) {}

 private:
  friend class PooledObject<T>;

  std::unique_ptr<T> take() {
    if (kept_.empty()) return std::make_unique_for_overwrite<T>();
    auto spare = std::move(kept_.back());
    kept_.pop_back();
    return spare;
  }

  void give_back(std::unique_ptr<T> spare) {
    if (kept_.size() < max_kept_) kept_.push_back(std::move(spare));
  }

  const std::size_t max_kept_;
  std::vector<std::unique_ptr<T>> kept_;
};

template <class T>
class PooledObject {
 public:
  explicit PooledObject(ObjectPool<T>& spares) : spares_(spares), borrowed_(spares.take()) {}
  ~PooledObject() { spares_.give_back(std::move(borrowed_)); }
  PooledObject(const PooledObject&) = delete;
  PooledObject& operator=(const PooledObject&) = delete;

  T& operator*() const noexcept { return *borrowed_; }
  T* operator->() const noexcept { return borrowed_.get(); }

 private:
  ObjectPool<T>& spares_;
  std::unique_ptr<T> borrowed_;
};

}  // namespace osproxy
