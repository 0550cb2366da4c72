// A bounded queue that is fair between the parties whose entries wait in it.
//
//   FairQueue queue(1'024);
//   FairQueue::Entry waiter;                             // or a class that derives from it
//   const auto admission = queue.push(waiter, client);   // may cost a long line its last entry
//   queue.serve([&](FairQueue::Entry& next) {
//     return grant(next) ? FairQueue::Offer::Taken : FairQueue::Offer::Declined;
//   });
//
// Each party has its own line, in the order of arrival, and the lines take turns. A full queue
// makes room for a party with a short line by sending away the newest entry of the longest one. So
// a party that asks a thousand times waits behind itself, and takes no place from others.
//
// Does not own its entries: an entry leaves by itself at its destruction. Not thread-safe. The
// queue must outlive its entries. push() looks through all lines, and so takes time that grows with
// the capacity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>

namespace osproxy {

class FairQueue {
 private:
  struct Line;

 public:
  /// Such as a client, by its address.
  using Party = std::uint64_t;

  /// The base of what waits.
  class Entry {
   public:
    Entry() = default;
    ~Entry() { leave(); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    bool is_waiting() const noexcept { return queue_ != nullptr; }

    /// Leaves the queue, if it is in it.
    void leave() noexcept {
      if (queue_ != nullptr) queue_->remove(*this);
    }

   private:
    friend class FairQueue;

    FairQueue* queue_ = nullptr;
    std::list<Line>::iterator line_{};
    std::list<Entry*>::iterator place_{};
  };

  struct Admission {
    bool is_admitted = false;
    Entry* displaced = nullptr;  ///< has left the queue to make room
  };

  enum class Offer : std::uint8_t {
    Taken,          ///< the entry leaves the queue
    Declined,       ///< it waits on
    PartyDeclined,  ///< there is nothing for any entry of its party
    Over,           ///< there is nothing for any entry
  };

  explicit FairQueue(std::size_t capacity) noexcept : capacity_(capacity) {}
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  /// Puts the entry at the end of its party's line.
  Admission push(Entry& entry, Party party);

  /// Calls `offer(Entry&) -> Offer` in the fair order: for the first entry of each line, for its
  /// second one if the first declined, and so on, until a round brings nothing. `offer` must not
  /// change the queue.
  template <class Function>
  void serve(Function&& offer) {
    for (bool is_one_taken = true; is_one_taken;) {
      is_one_taken = false;
      auto next = lines_.begin();
      for (std::size_t left = lines_.size(); left > 0; --left) {
        const Offer offered = serve_line(next++, offer);
        if (offered == Offer::Over) return;
        is_one_taken = is_one_taken || offered == Offer::Taken;
      }
    }
  }

  /// Takes out each entry for which `ends(Entry&)` is true. `ends` must not change the queue.
  template <class Function>
  void remove_if(Function&& ends) {
    for (auto line = lines_.begin(); line != lines_.end();) {
      auto& entries = (line++)->entries;
      for (auto entry = entries.begin(); entry != entries.end();) {
        Entry& one = **entry++;
        const bool is_last = entry == entries.end();
        if (ends(one)) remove(one);
        if (is_last) break;  // the line is gone if it was the only one
      }
    }
  }

 private:
  struct Line {
    Party party;
    std::list<Entry*> entries;  // never empty, but within push()
  };
  using LinePlace = std::list<Line>::iterator;

  template <class Function>
  Offer serve_line(LinePlace line, Function&& offer) {
    for (Entry* const entry : line->entries) {
      const Offer offered = offer(*entry);
      if (offered == Offer::Declined) continue;
      if (offered == Offer::PartyDeclined) return Offer::Declined;
      if (offered == Offer::Taken) {
        lines_.splice(lines_.end(), lines_, line);  // it is the other lines' turn
        remove(*entry);
      }
      return offered;
    }
    return Offer::Declined;
  }

  void remove(Entry& entry) noexcept;

  const std::size_t capacity_;
  std::size_t size_ = 0;
  std::list<Line> lines_;  // the one whose turn it is comes first
};

}  // namespace osproxy
