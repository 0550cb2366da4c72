// The interface through which a worker reports its requests: counters of every request, and records
// of the selected ones. Each worker has one; observer.h implements it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/signed_directive.h"
#include "osproxy/observe/matched_request.h"
#include "osproxy/record/record.h"

namespace osproxy {

/// The facts of one finished request that are counted.
struct RequestSample {
  Endpoint endpoint = Endpoint::Unknown;
  int status = 0;  ///< as sent to the client; 0 if none was sent
  std::chrono::nanoseconds latency{0};
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  bool matched = false;       ///< a directive selected it at its start, recorded or not
  std::string_view tenant{};  ///< empty: none
  bool accepted = false;      ///< a node responded with 2xx or 3xx
};

/// Belongs to its worker's thread. No function waits, fails or allocates without bound.
class Recorder {
 public:
  virtual ~Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Counts a request. Call it exactly once for every request, recorded or not.
  virtual void count(const RequestSample& sample) noexcept = 0;

  /// A number for the set that a request is matched by, to be passed to matched(); 0 if decisions
  /// are not remembered, and matched() is not to be called.
  virtual std::uint32_t in_force(const DirectiveSet::Pointer& set) noexcept = 0;

  /// Remembers the decision on a request. Call it exactly once for every request whose set_number
  /// is not 0, recorded or not, at its end.
  virtual void matched(const MatchedRequest& request) noexcept = 0;

  /// Counts a record that a directive of the set selects, next to record(). Not called if only a
  /// signed directive does: that has another budget.
  virtual void count_by_directive() noexcept {}

  /// Stores the record of a selected request, after DirectiveSet::conclude(); with `ring_buffer`
  /// in the break-glass ring as well.
  virtual void record(Record record, bool ring_buffer) noexcept = 0;

  /// Counts directives that did not record a request because they were over their budget.
  virtual void refuse(std::uint64_t directives) noexcept = 0;

  /// Counts a request with a signed directive: accepted, or refused for `fault`.
  virtual void count_signed(std::optional<SignedFault> fault) noexcept = 0;

 protected:
  Recorder() = default;
};

}  // namespace osproxy
