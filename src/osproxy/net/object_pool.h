// A free list of reusable objects.
//
//   ObjectPool<std::string> pool(16);           // one for each worker
//   const PooledObject<std::string> text(pool); // taken from the list, or new
//
// An object comes as its last user left it, with its memory; a new one is default-initialized.
// Belongs to one worker. The pool must outlive its objects.
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
  /// More than `max_kept` are freed, so that the memory of a burst is not held for ever.
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
  explicit PooledObject(ObjectPool<T>& pool) : pool_(pool), object_(pool.take()) {}
  ~PooledObject() { pool_.give_back(std::move(object_)); }
  PooledObject(const PooledObject&) = delete;
  PooledObject& operator=(const PooledObject&) = delete;

  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_.get(); }

 private:
  ObjectPool<T>& pool_;
  std::unique_ptr<T> object_;
};

}  // namespace osproxy
