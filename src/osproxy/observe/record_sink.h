// The interface of an output that processes records on its own thread: the record log, the live
// tail, the export of spans.
//
// The observer gives each record to all sinks. A sink puts a pointer into its own queue
// (record_queue.h), or drops the record and counts that.
#pragma once

#include <memory>
#include <string_view>

#include "osproxy/observe/output_totals.h"
#include "osproxy/record/record.h"

namespace osproxy {

/// Shared by all outputs; immutable.
using RecordPointer = std::shared_ptr<const Record>;

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  RecordSink(const RecordSink&) = delete;
  RecordSink& operator=(const RecordSink&) = delete;

  /// Called by every worker on its thread when a request ends. Must be thread-safe, must not wait,
  /// and must bound the memory that it keeps.
  virtual void take(const RecordPointer& record) noexcept = 0;

  /// False while the sink takes nothing; the observer then saves the cost of a shared record. May
  /// be called from any thread.
  virtual bool is_open() const noexcept { return true; }

  /// Its name in metrics and status: a constant such as "log", different for each sink.
  virtual std::string_view name() const noexcept = 0;

  /// Counts its records since the start. May be called from any thread.
  virtual OutputTotals totals() const noexcept = 0;

 protected:
  RecordSink() = default;
};

}  // namespace osproxy
