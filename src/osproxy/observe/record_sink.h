// An output that works records off on a thread of its own: log lines, the live tail, spans.
//
// The observer hands each record to its sinks beside the explain store and the ring. A sink takes a
// pointer into a queue of its own (core/bounded_queue.h), or drops it and counts that.
#pragma once

#include <memory>
#include <string_view>

#include "osproxy/observe/output_totals.h"
#include "osproxy/record/record.h"

namespace osproxy {

/// Shared by all outputs, never changed.
using RecordPointer = std::shared_ptr<const Record>;

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  RecordSink(const RecordSink&) = delete;
  RecordSink& operator=(const RecordSink&) = delete;

  /// Called by every worker, on its thread, as a request ends: must be thread-safe, must not wait
  /// and must keep what it needs within a bound.
  virtual void take(const RecordPointer& record) noexcept = 0;

  /// False while it would take nothing, so that a record that is for no other output need not be
  /// shared. From any thread.
  virtual bool is_open() const noexcept { return true; }

  /// What metrics and status call it: a constant such as "log", another one for each sink.
  virtual std::string_view name() const noexcept = 0;

  /// What became of the records so far. From any thread.
  virtual OutputTotals totals() const noexcept = 0;

 protected:
  RecordSink() = default;
};

}  // namespace osproxy
