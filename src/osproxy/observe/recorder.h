// What a worker reports to, one for each worker thread: counters of every request, and the records
// of the selected ones. Where records go from here is the observer's business (observer.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/signed_directive.h"
#include "osproxy/observe/matched_request.h"
#include "osproxy/record/record.h"

namespace osproxy {

/// The counters' view of one finished request.
struct RequestSample {
  Endpoint endpoint = Endpoint::Unknown;
  int status = 0;  ///< as sent to the client; 0: none was
  std::chrono::nanoseconds latency{0};
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  bool matched = false;  ///< a directive selected it when it began, whatever came of that
};

/// Called by its worker thread only. Nothing here waits, fails or allocates without bound.
class Recorder {
 public:
  virtual ~Recorder() = default;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Every request, recorded or not, exactly once.
  virtual void count(const RequestSample& sample) noexcept = 0;

  /// The number of the set that a request is matched by, for matched(); 0: nobody wants to know.
  virtual std::uint32_t in_force(const DirectiveSet::Pointer& set) noexcept = 0;

  /// A request whose number is not 0, recorded or not, exactly once, at its end.
  virtual void matched(const MatchedRequest& request) noexcept = 0;

  /// A selected request, after DirectiveSet::conclude(). `ring_buffer`: into the break-glass ring
  /// as well.
  virtual void record(Record record, bool ring_buffer) noexcept = 0;

  /// So many directives would have recorded a request, had it been within their budget.
  virtual void refuse(std::uint64_t directives) noexcept = 0;

  /// A request carried a signed directive: a good one, or why it is refused.
  virtual void count_signed(std::optional<SignedFault> fault) noexcept = 0;

 protected:
  Recorder() = default;
};

}  // namespace osproxy
