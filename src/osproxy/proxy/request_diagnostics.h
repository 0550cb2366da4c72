// The diagnostics of one request: identifies it, matches it against the directives, and records its
// outcome.
//
//   ExchangeResult result;
//   RequestDiagnostics diagnostics(context, scratch, started, peer, result);
//   diagnostics.identify(head);                   // or identify_refused(); once
//   diagnostics.match();                          // once, on one snapshot, on every path
//   diagnostics.request_body(piece);              // the exchange shows what passes by
//   diagnostics.finish();                         // once: counts, and records if selected
//
// The exchange reports through the four functions for the parts of its messages, through `stages`,
// and through the result that it writes. A request that no directive selects costs a branch at
// each.
//
// If it is destroyed before finish(), the server has stopped: it records ProxyError::Stopped.
//
// Until finish() it is in the worker's list of running requests.
//
// Views into the head: it must outlive the diagnostics, and so must the result. Belongs to its
// worker.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/client_key.h"
#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/flight/flight_recorder.h"
#include "osproxy/http/head.h"
#include "osproxy/identify/attributes.h"
#include "osproxy/identify/trace_context.h"
#include "osproxy/proxy/client_peer.h"
#include "osproxy/proxy/cursor_watch.h"
#include "osproxy/proxy/diagnostics_context.h"
#include "osproxy/proxy/exchange_inspection.h"
#include "osproxy/proxy/exchange_result.h"
#include "osproxy/proxy/running_list.h"
#include "osproxy/proxy/signed_request.h"
#include "osproxy/record/record.h"
#include "osproxy/record/stage_timer.h"

namespace osproxy {

/// Members: what is known of a request from its head to its end.
class RequestDiagnostics final : private RunningEntry {
 public:
  /// `scratch` is the connection's; it holds attributes that do not stand in the head verbatim.
  RequestDiagnostics(DiagnosticsContext& context, AttributeScratch& scratch, Now started,
                     ClientPeer peer, ExchangeResult& result)
      : stages(context.clock, started.boot),
        context_(context),
        started_(started),
        peer_(peer),
        scratch_(scratch),
        result_(result) {
    context.running.add(*this);
  }
  ~RequestDiagnostics();
  RequestDiagnostics(const RequestDiagnostics&) = delete;
  RequestDiagnostics& operator=(const RequestDiagnostics&) = delete;

  void identify(const http::RequestHead& head);
  /// Likewise for a head that is refused, by the parts that could be read; perhaps none.
  void identify_refused(const http::RequestHead& head);
  void match();
  void finish();

  /// A directive selects the request so far.
  bool is_selected() const noexcept { return verdict_.selected(); }

  std::string_view request_id() const noexcept { return request_.request_id; }
  Endpoint endpoint() const noexcept { return request_.matched.endpoint; }

  /// Of the client's address, as far as trusted proxies name it.
  ClientKey client_key() const noexcept {
    return osproxy::client_key(request_.matched.client_address);
  }

  /// The request asks for the nodes' addresses (sniffing.h).
  bool is_sniffing() const noexcept { return is_sniffing_; }

  /// Counts that its client learns them.
  void count_sniffing() noexcept { context_.sniffing.add(1); }

  // The headers that osproxy adds to the request for the node, known after match().

  /// `X-Request-Id`, in place of one that is malformed; a well-formed one is the request id.
  bool sets_request_id() const noexcept {
    return made_request_id() && applies(context_.options.upstream_ids.request_id);
  }
  bool adds_opaque_id() const noexcept {
    return !request_.has_opaque_id && applies(context_.options.upstream_ids.opaque_id);
  }

  /// The `traceparent` for the node, in place of the client's; empty: the client's is forwarded.
  std::string_view traceparent() const noexcept;

  // The exchange shows its messages here; see exchange_inspection.h.
  void request_head(std::string_view sent) {
    if (inspection_) inspection_->request_head(sent);
  }
  void request_body(std::string_view payload) noexcept {
    if (inspection_) inspection_->request_body(payload);
    if (cursor_) cursor_->request_body(payload);
  }
  void response_head(const http::ResponseHead& received, std::string_view sent) {
    if (inspection_) {
      inspection_->response_head(received, sent);
    } else if (endpoint() == Endpoint::IngestBulk && context_.flight != nullptr) {
      unread_bulk_ = form_of(received);
    }
    if (awaits_point_) look_for_point(received);
    if (cursor_) cursor_->response_head(received);
  }
  void response_body(std::string_view payload) noexcept {
    if (unread_bulk_ != UnreadBulk::No && !payload.empty()) look_at_bulk(payload);
    if (inspection_) inspection_->response_body(payload);
    if (awaits_point_ && !payload.empty()) look_for_point(payload);
    if (cursor_) cursor_->response_body(payload);
  }

  StageTimer stages;  ///< on from Level::ShapeTiming, and if there are spans

 private:
  /// The response of a bulk that nothing reads, but whose start may tell of failed items.
  enum class UnreadBulk : std::uint8_t { No, Plain, Compressed };

  BootTime started() const noexcept override { return started_.boot; }
  bool passes(const RunningQuery& query, BootTime now) const noexcept override {
    return query.passes(request_.matched, now - started_.boot);
  }
  RunningRequest describe(BootTime now) const override;

  /// The request id is osproxy's, not the client's.
  bool made_request_id() const noexcept {
    return request_.request_id.data() == scratch_.request_id.data();
  }
  bool applies(IdPolicy policy) const noexcept {
    const bool is_meant = policy == IdPolicy::All || (policy == IdPolicy::Selected && is_matched_);
    return is_meant && has_room();
  }
  bool has_room() const noexcept;
  bool has_whole_head() const noexcept { return head_ != nullptr && head_->size > 0; }

  void begin_cursor();
  CursorWatch::Call cursor_call() const noexcept;
  void look_for_point(const http::ResponseHead& head) noexcept;
  void look_for_point(std::string_view payload) noexcept;
  OpenCursor as_cursor() const;
  void match_directives(const DirectiveSet::Pointer& set);
  bool samples_body() noexcept;
  void begin_inspection(bool is_sampled);
  static UnreadBulk form_of(const http::ResponseHead& head) noexcept;
  void look_at_bulk(std::string_view piece) noexcept;
  bool is_notable(std::chrono::nanoseconds latency) const noexcept;
  void keep_sample(const FlightShard::Choice& choice, Record record) noexcept;
  bool is_accepted() const noexcept;
  void make_spans_of_request();
  void await_body(const DirectiveSet::Pointer& set);
  void judge_by_body();
  Verdict judge(std::chrono::nanoseconds latency);
  Outcome outcome_after(std::chrono::nanoseconds latency) const;
  Verdict conclude(const Outcome& outcome);
  Record make_record(const Verdict& verdict, std::chrono::nanoseconds latency);
  void add_spans(Record& record) const;
  void end_capture(const Verdict& verdict, std::chrono::nanoseconds latency);
  std::vector<std::string> directive_ids(const Verdict& verdict) const;

  DiagnosticsContext& context_;
  const Now started_;
  const ClientPeer peer_;
  AttributeScratch& scratch_;
  ExchangeResult& result_;

  const http::RequestHead* head_ = nullptr;  // null if there was none
  RequestAttributes request_;
  SignedRequest signed_;
  Verdict verdict_;
  bool is_sniffing_ = false;
  bool is_matched_ = false;       // by its head; the body may add matches at the end
  std::string_view path_index_;   // the index at the start; request_ may get the body's at the end
  std::string all_indices_;       // the expression of both, if the body names any
  std::uint32_t set_number_ = 0;  // of the set it was matched by; 0: not to be remembered
  double body_weight_ = 1;        // of the body, see FlightShard::Ended
  double chosen_weight_ = 0;      // above 0, the flight recorder has chosen it (FlightShard::begin)
  DirectiveSet::Pointer set_;     // the snapshot, held only if there is a verdict to conclude
  bool finished_ = false;
  bool bulk_has_errors_ = false;             // known although its response is not read
  UnreadBulk unread_bulk_ = UnreadBulk::No;  // until its body has told
  std::string bulk_start_;                   // if it comes in small pieces
  /// Only if the request is selected, or the flight recorder reads its bodies.
  std::unique_ptr<ExchangeInspection> inspection_;
  std::unique_ptr<CursorWatch> cursor_;  // only if it opens, continues or closes a cursor
  bool awaits_point_ = false;            // the response may tell that it has a point in time
  std::unique_ptr<TraceSpans> spans_;    // only if the request is selected and spans are wanted
};

}  // namespace osproxy
