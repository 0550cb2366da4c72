#include "osproxy/proxy/request_diagnostics.h"

#include <algorithm>
#include <expected>
#include <utility>

#include "osproxy/core/field_name.h"
#include "osproxy/core/ids.h"

namespace osproxy {
namespace {

/// Method names are a client's to choose; a record has those that OpenSearch knows.
std::string_view known_method(std::string_view method) noexcept {
  for (const std::string_view known :
       {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}) {
    if (method == known) return known;
  }
  return method.empty() ? "" : "OTHER";
}

/// A worker's part; 0 only if there is no limit.
TokenRate budget_of_worker(const TokenRate& rate, unsigned workers) noexcept {
  if (rate.is_unlimited()) return rate;
  return {.per_second = std::max(rate.per_second / workers, 1U),
          .burst = std::max(rate.burst / workers, 1U)};
}

/// Of the header that is known to be there.
std::expected<SignedDirective, SignedFault> read_signed_header(const http::RequestHead& head,
                                                               WorkerContext& worker,
                                                               WallTime now) {
  const auto is_it = [](const http::Header& header) {
    return equal_names(header.name, kSignedHeader);
  };
  if (std::ranges::count_if(head.headers, is_it) > 1) {
    return std::unexpected(SignedFault::Repeated);
  }
  return read_signed(http::find_header(head, kSignedHeader), worker.identities.load()->debug_keys(),
                     now, worker.options.max_life);
}

}  // namespace

RequestDiagnostics::~RequestDiagnostics() {
  if (finished_) return;
  facts.error = http::ProxyError::Stopped;
  finish();
}

void RequestDiagnostics::identify(const http::RequestHead& head) {
  head_ = &head;
  method_ = known_method(head.method);
  minor_version_ = head.minor_version;
  request_ = read_attributes(head,
                             {.tenant = worker_.options.tenant,
                              .identities = *worker_.identities.load(),
                              .hasher = worker_.hasher,
                              .certificate_principal = peer_.principal},
                             worker_.random, scratch_);
  if (head.has_debug_directive) read_signed_directive();
}

void RequestDiagnostics::read_signed_directive() {
  auto read = read_signed_header(*head_, worker_, started_.wall);
  const auto budget = budget_of_worker(worker_.options.directive_budget, worker_.options.workers);
  if (read && !worker_.signed_budget.take(budget, started_.boot)) {
    read = std::unexpected(SignedFault::OverBudget);
  }
  worker_.recorder.count_signed(read ? std::nullopt : std::optional(read.error()));
  if (read) {
    signed_ = std::make_unique<const SignedDirective>(*std::move(read));
  } else {
    signed_fault_ = read.error();
  }
}

void RequestDiagnostics::match() {
  if (request_id().empty()) {  // there was no head to identify it by
    make_request_id(worker_.random, scratch_.request_id);
    request_.request_id = scratch_.request_id;
    request_.matched.principal = peer_.principal;
    request_.principal_verified = !peer_.principal.empty();
  }
  const DirectiveSet::Pointer& set = worker_.directives.load();
  if (set->empty() && !signed_) return;
  if (worker_.options.spans || signed_ || set->highest_level() >= Level::ShapeTiming) {
    stages.turn_on();  // the level may ask for times
  }
  stages.enter(Stage::Match);
  if (!set->empty()) set_number_ = worker_.recorder.in_force(set);
  verdict_ = set->match(request_.matched, started_, request_id());
  if (verdict_.needs_conclusion()) set_ = set;
  add_signed(verdict_);
  if (verdict_.selected()) {
    if (worker_.options.spans) {
      spans_ = std::make_unique<TraceSpans>(make_spans(request_.trace, worker_.random));
    }
  }
  if (verdict_.level < Level::ShapeTiming && spans_ == nullptr) stages.turn_off();
  stages.enter(Stage::Queue);
  if (verdict_.level >= Level::ShapeRewriteDiff && head_ != nullptr) begin_detail();
  if (verdict_.capture && verdict_.selected()) begin_capture();
}

void RequestDiagnostics::add_signed(Verdict& verdict) const noexcept {
  if (!signed_) return;
  verdict.level = std::max(verdict.level, signed_->level);
  verdict.ring_buffer = verdict.ring_buffer || signed_->ring_buffer;
}

/// One that is malformed goes on as it is: a node that logs it shall see what the client sent.
std::string_view RequestDiagnostics::traceparent() const noexcept {
  const bool is_malformed = request_.has_traceparent && !request_.trace.is_valid();
  return spans_ == nullptr || is_malformed ? std::string_view{} : spans_->to_upstream;
}

void RequestDiagnostics::begin_detail() {
  const BodyHead body{.endpoint = request_.matched.endpoint,
                      .content_type = http::find_header(*head_, "Content-Type"),
                      .content_encoding = http::find_header(*head_, "Content-Encoding")};
  detail_.reset(new Detail{.body = BodyStructureReader(body), .rewrite = {}});
}

void RequestDiagnostics::read_response(const http::ResponseHead& head) {
  response_ = std::make_unique<ResponseReader>(
      BodyHead{.endpoint = request_.matched.endpoint,
               .content_type = http::find_header(head, "Content-Type"),
               .content_encoding = http::find_header(head, "Content-Encoding")});
  if (capture_) capture_response_head(head);
}

/// What was no request has no head to capture.
void RequestDiagnostics::begin_capture() {
  if (worker_.options.capture == nullptr || head_ == nullptr) return;
  capture_ = worker_.options.capture->begin();
  if (capture_ == nullptr) return;
  bool has_room = capture_->request(head_->method, head_->target);
  for (const http::Header& header : head_->headers) {
    has_room = has_room && capture_->request_header(header.name, header.value);
  }
  if (!has_room) capture_.reset();
}

void RequestDiagnostics::capture_response_head(const http::ResponseHead& head) {
  capture_->response(head.status);
  for (const http::Header& header : head.headers) {
    if (capture_->response_header(header.name, header.value)) continue;
    capture_.reset();
    return;
  }
}

/// Hands the buffer over, or counts that there is none: what is captured is decided only now.
void RequestDiagnostics::end_capture(const Verdict& verdict, std::chrono::nanoseconds latency) {
  if (worker_.options.capture == nullptr || head_ == nullptr || !verdict.capture) return;
  if (capture_) {
    CapturedExchange& exchange = capture_->exchange;
    exchange.request_id = request_id();
    exchange.started = started_.wall;
    exchange.directives = directive_ids(verdict);
    exchange.status = facts.status;
    if (facts.upstream != nullptr) exchange.upstream = *facts.upstream;
    exchange.error = to_string(facts.error);
    exchange.latency = latency;
    capture_->finish({.request_whole = facts.request_whole,
                      .response_whole = facts.error == http::ProxyError::None});
  }
  worker_.options.capture->take(std::move(capture_));
}

std::vector<std::string> RequestDiagnostics::directive_ids(const Verdict& verdict) const {
  std::vector<std::string> ids;
  for (const std::uint32_t place : verdict.named()) {
    ids.push_back(set_->directives()[place].directive.id);
  }
  if (signed_) ids.push_back(signed_->id.empty() ? "signed" : "signed:" + signed_->id);
  return ids;
}

void RequestDiagnostics::finish() {
  finished_ = true;
  const BootTime ended = worker_.clock.boot();
  const auto latency = ended - started_.boot;
  stages.end(ended);
  worker_.recorder.count({.endpoint = request_.matched.endpoint,
                          .status = facts.status,
                          .latency = latency,
                          .request_bytes = facts.request_bytes,
                          .response_bytes = facts.response_bytes,
                          .matched = verdict_.selected()});
  if (!set_ && set_number_ == 0 && !signed_) return;
  const Outcome outcome{.latency = latency, .status = facts.status};
  const Verdict verdict = conclude(outcome);
  if (set_number_ != 0) {
    worker_.recorder.matched({.request_id = request_id(),
                              .attributes = request_.matched,
                              .started = started_,
                              .outcome = outcome,
                              .set_number = set_number_,
                              .verdict = verdict});
  }
  if (verdict.selected()) {
    worker_.recorder.record(make_record(verdict, latency), verdict.ring_buffer);
    end_capture(verdict, latency);
  }
}

Verdict RequestDiagnostics::conclude(const Outcome& outcome) {
  Verdict verdict;
  if (set_) {
    verdict = set_->conclude(request_.matched, started_, request_id(), outcome,
                             worker_.options.directive_budget);
    if (verdict.refused_count > 0) worker_.recorder.refuse(verdict.refused_count);
  }
  add_signed(verdict);
  return verdict;
}

Record RequestDiagnostics::make_record(const Verdict& verdict, std::chrono::nanoseconds latency) {
  Record record;
  record.request_id = request_id();
  record.trace_id = request_.trace.trace_id;
  if (spans_) add_spans(record);
  record.level = verdict.level;
  record.directives = directive_ids(verdict);
  if (signed_fault_) record.signed_fault = to_string(*signed_fault_);
  record.started = started_.wall;
  record.endpoint = request_.matched.endpoint;
  record.method = method_;
  record.index = request_.matched.index;
  record.tenant = request_.matched.tenant;
  record.principal = request_.matched.principal;
  record.principal_verified = request_.principal_verified;
  record.protocol = minor_version_ == 0 ? "HTTP/1.0" : "HTTP/1.1";
  record.tls = peer_.tls;
  record.request_bytes = facts.request_bytes;
  record.response_bytes = facts.response_bytes;
  record.status = facts.status;
  if (facts.upstream != nullptr) record.upstream = *facts.upstream;
  record.connection_reused = facts.connection_reused;
  record.retries = facts.retries;
  record.error = to_string(facts.error);
  record.latency = latency;
  if (response_) record.response = response_->finish(facts.error == http::ProxyError::None);
  record.times = stages.times();
  if (detail_) {
    record.body = detail_->body.finish(facts.request_whole);
    record.rewrite = std::move(detail_->rewrite);
  }
  return record;
}

void RequestDiagnostics::add_spans(Record& record) const {
  record.trace_id = spans_->trace_id;
  record.span_id = spans_->server;
  record.parent_span_id = request_.trace.parent_id;
  if (sent_) record.upstream_span_id = spans_->client;
}

}  // namespace osproxy
