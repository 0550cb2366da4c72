// One request from its first byte to its record: who asks for what, what the directives say of it,
// and what became of it.
//
//   RequestDiagnostics diagnostics(worker, scratch, started, peer);
//   diagnostics.identify(head);                 // once, if there is a head at all
//   diagnostics.match();                        // once, on one snapshot, on every path
//   …the exchange fills in `facts`, and shows what it passes on…
//   diagnostics.finish();                       // once: counts, and records if selected
//
// One that is destroyed before it is finished was stopped with the server, and finishes as that.
//
// Views into the head: it must outlive the diagnostics. Belongs to its worker.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/capture/buffer.h"
#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/signed_directive.h"
#include "osproxy/http/error_response.h"
#include "osproxy/http/head.h"
#include "osproxy/http/rewrite_diff.h"
#include "osproxy/identify/attributes.h"
#include "osproxy/identify/trace_context.h"
#include "osproxy/inspect/body_structure_reader.h"
#include "osproxy/inspect/response_reader.h"
#include "osproxy/proxy/worker_context.h"
#include "osproxy/record/record.h"
#include "osproxy/record/rewrite.h"
#include "osproxy/record/stage_timer.h"

namespace osproxy {

/// Who is at the other end of the client's connection. Its views outlive every diagnostics of it.
struct ClientPeer {
  bool tls = false;
  std::string_view principal{};  ///< of the verified certificate; empty: none
};

class RequestDiagnostics {
 public:
  /// What became of the request; whoever finds out writes it down.
  struct Facts {
    std::uint64_t request_bytes = 0;
    bool request_whole = false;  ///< its body was received to the end
    std::uint64_t response_bytes = 0;
    int status = 0;                         ///< 0: the client was sent none
    const std::string* upstream = nullptr;  ///< the node whose response the client was sent
    bool connection_reused = false;
    int retries = 0;
    http::ProxyError error = http::ProxyError::None;
  };

  /// `scratch` is the connection's; it holds what does not stand in the head as it is.
  RequestDiagnostics(WorkerContext& worker, AttributeScratch& scratch, Now started, ClientPeer peer)
      : stages(worker.clock, started.boot),
        worker_(worker),
        started_(started),
        peer_(peer),
        scratch_(scratch) {}
  ~RequestDiagnostics();
  RequestDiagnostics(const RequestDiagnostics&) = delete;
  RequestDiagnostics& operator=(const RequestDiagnostics&) = delete;

  void identify(const http::RequestHead& head);
  void match();
  void finish();

  std::string_view request_id() const noexcept { return request_.request_id; }
  Endpoint endpoint() const noexcept { return request_.matched.endpoint; }
  bool has_opaque_id() const noexcept { return request_.has_opaque_id; }

  /// What the node is told instead of the client's `traceparent`; empty: that one goes on.
  std::string_view traceparent() const noexcept;

  /// The request's head as it was sent upstream, and its body as it comes; cost a branch or two
  /// each unless the request is selected with Level::ShapeRewriteDiff or for capture.
  void request_goes_as(std::string_view sent) {
    sent_ = true;
    if (detail_) detail_->rewrite.request = http::compare_heads(*head_, sent);
  }
  void request_goes_on(std::string_view payload) noexcept {
    if (detail_) detail_->body.read(payload);
    if (capture_) capture_->request_body(payload);
  }

  /// OpenSearch's response, as it is passed on; costs nothing unless the request is selected.
  void response_begins(const http::ResponseHead& head) {
    if (verdict_.selected()) read_response(head);
  }
  void response_goes_as(const http::ResponseHead& head, std::string_view sent) {
    if (detail_) detail_->rewrite.response = http::compare_heads(head, sent);
  }
  void response_goes_on(std::string_view payload) noexcept {
    if (response_) response_->read(payload);
    if (capture_) capture_->response_body(payload);
  }

  Facts facts;
  StageTimer stages;  ///< on from Level::ShapeTiming, and if there are spans

 private:
  /// What only Level::ShapeRewriteDiff asks for.
  struct Detail {
    BodyStructureReader body;
    Rewrite rewrite;
  };

  void read_signed_directive();
  void add_signed(Verdict& verdict) const noexcept;
  Verdict conclude(const Outcome& outcome);
  void begin_detail();
  void begin_capture();
  void end_capture(const Verdict& verdict, std::chrono::nanoseconds latency);
  void capture_response_head(const http::ResponseHead& head);
  std::vector<std::string> directive_ids(const Verdict& verdict) const;
  void add_spans(Record& record) const;
  void read_response(const http::ResponseHead& head);
  Record make_record(const Verdict& verdict, std::chrono::nanoseconds latency);

  WorkerContext& worker_;
  const Now started_;
  const ClientPeer peer_;
  const http::RequestHead* head_ = nullptr;  // null if there was none
  std::string_view method_;
  int minor_version_ = 1;
  AttributeScratch& scratch_;
  RequestAttributes request_;
  Verdict verdict_;
  std::uint32_t set_number_ = 0;  // of the set it was matched by; 0: not to be remembered
  bool finished_ = false;
  bool sent_ = false;          // to a node, if only in part
  DirectiveSet::Pointer set_;  // the snapshot, held only if there is a verdict to conclude
  std::unique_ptr<const SignedDirective> signed_;  // only if the request carries a good one
  std::optional<SignedFault> signed_fault_;        // or one that is refused
  std::unique_ptr<ResponseReader> response_;       // only then, and if OpenSearch answers
  std::unique_ptr<Detail> detail_;                 // only with Level::ShapeRewriteDiff
  std::unique_ptr<CaptureBuffer> capture_;         // only if the exchange may be captured
  std::unique_ptr<TraceSpans> spans_;  // only if the request is selected and spans are wanted
};

}  // namespace osproxy
