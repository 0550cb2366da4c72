// Keeps uploads from taking all connections to nodes: no more than half of them wait for clients.
//
//   UploadSlot slot(slots);
//   if (!co_await slot.take(client, latest)) co_return;   // none became free in time
//   slot.release();                               // the upload is over; or by the destructor
//
// A request that is here whole needs a connection for as long as its node works, which the node
// decides. An upload that is still arriving needs it for as long as its client likes: without this
// bound, a thousand slow clients leave nothing for the others. Uploads beyond the bound wait, in a
// queue that is fair between clients (core/fair_queue.h).
//
// No number of clients takes all of them: a client gets another one only while it has fewer than
// three times as many as are free (upstream/client_shares.h).
//
// Belongs to one worker. The slots must outlive each slot.
#pragma once

#include <chrono>
#include <cstddef>

#include "osproxy/core/client_key.h"
#include "osproxy/core/fair_queue.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/net/wakeup.h"
#include "osproxy/upstream/client_shares.h"

namespace osproxy {

struct UploadSlotsOptions {
  std::size_t most = 1;                      ///< taken at a time
  std::size_t max_waiting = 0;               ///< more are refused at once
  std::chrono::milliseconds wait_timeout{};  ///< and these after so long
};

class UploadSlots {
 public:
  UploadSlots(const UploadSlotsOptions& options, const Executor& executor, Deadlines& deadlines)
      : options_(options),
        executor_(executor),
        deadlines_(deadlines),
        waiting_(options.max_waiting) {}
  UploadSlots(const UploadSlots&) = delete;
  UploadSlots& operator=(const UploadSlots&) = delete;

 private:
  friend class UploadSlot;

  struct Waiter;

  Task<bool> take(ClientKey client, SteadyClock::time_point latest);
  void give_back(ClientKey client);
  bool take_now(ClientKey client);

  const UploadSlotsOptions options_;
  const Executor executor_;
  Deadlines& deadlines_;
  std::size_t taken_ = 0;
  ClientShares shares_{/*workers=*/1};  // of the slots, which belong to one worker
  FairQueue waiting_;                   // each in the frame of its take()
};

class UploadSlot {
 public:
  explicit UploadSlot(UploadSlots& slots) noexcept : slots_(slots) {}
  ~UploadSlot() { release(); }
  UploadSlot(const UploadSlot&) = delete;
  UploadSlot& operator=(const UploadSlot&) = delete;

  /// Waits until there is one, at the longest until `latest`. False: there was none.
  Task<bool> take(ClientKey client, SteadyClock::time_point latest) {
    client_ = client;
    is_taken_ = co_await slots_.take(client, latest);
    co_return is_taken_;
  }

  void release() {
    if (is_taken_) slots_.give_back(client_);
    is_taken_ = false;
  }

 private:
  UploadSlots& slots_;
  ClientKey client_ = 0;
  bool is_taken_ = false;
};

}  // namespace osproxy
