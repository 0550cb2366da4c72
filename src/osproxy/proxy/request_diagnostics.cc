#include "osproxy/proxy/request_diagnostics.h"

#include <new>
#include <utility>

#include "osproxy/capture/writer.h"
#include "osproxy/core/ids.h"
#include "osproxy/directive/record_budget.h"
#include "osproxy/flight/failed_request.h"
#include "osproxy/identify/sniffing.h"
#include "osproxy/inspect/bulk_errors.h"
#include "osproxy/inspect/media_type.h"

namespace osproxy {
namespace {

/// Responses of bulks with failed items that it reads besides, and compressed ones whose start it
/// reads. Reading one takes some microseconds for each item.
constexpr TokenRate kBulkReads{.per_second = 200, .burst = 400};

/// Bytes of a bulk's response, compressed or not, after which it will not say any more whether an
/// item failed.
constexpr std::size_t kBulkStart = 128;

/// Method names are a client's to choose; a record has those that OpenSearch knows.
std::string_view known_method(std::string_view method) noexcept {
  for (const std::string_view known :
       {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}) {
    if (method == known) return known;
  }
  return method.empty() ? "" : "OTHER";
}

}  // namespace

RequestDiagnostics::~RequestDiagnostics() {
  if (finished_) return;
  result_.error = http::ProxyError::Stopped;
  finish();
}

void RequestDiagnostics::identify(const http::RequestHead& head) {
  head_ = &head;
  request_ = read_attributes(head,
                             {.tenant = context_.options.tenant,
                              .identities = *context_.identities.load(),
                              .hasher = context_.hasher,
                              .certificate_principal = peer_.principal,
                              .connection = peer_.client,
                              .trusted = peer_.trusted},
                             context_.random, scratch_);
  is_sniffing_ = endpoint() == Endpoint::Admin && asks_for_nodes(head.target);
  if (is_sniffing_ && !context_.options.publishes_address) count_sniffing();
  if (head.has_debug_directive) signed_.read(head, context_, started_);
  if (endpoint() == Endpoint::Search || endpoint() == Endpoint::Cursor) begin_cursor();
}

void RequestDiagnostics::begin_cursor() {
  if (context_.options.cursors == nullptr) return;
  awaits_point_ = CursorWatch::may_have_point(cursor_call());
  if (!awaits_point_) cursor_ = CursorWatch::begin(cursor_call(), *context_.options.cursors);
}

CursorWatch::Call RequestDiagnostics::cursor_call() const noexcept {
  return {.head = *head_, .endpoint = endpoint(), .has_index = !request_.matched.index.empty()};
}

/// Of a compressed response, only the reader knows how it begins.
void RequestDiagnostics::look_for_point(const http::ResponseHead& head) noexcept {
  if (http::find_header(head, "Content-Encoding").empty()) return;
  awaits_point_ = false;
  cursor_ = CursorWatch::begin(cursor_call(), *context_.options.cursors);
}

void RequestDiagnostics::look_for_point(std::string_view payload) noexcept {
  awaits_point_ = false;
  if (!CursorWatch::names_point(payload)) return;
  cursor_ = CursorWatch::begin(cursor_call(), *context_.options.cursors);
  if (cursor_) cursor_->response_head({});  // what it would tell is known
}

void RequestDiagnostics::identify_refused(const http::RequestHead& head) {
  if (!head.method.empty()) identify(head);
}

void RequestDiagnostics::match() {
  if (request_id().empty()) {  // there was no head to identify it by
    make_request_id(context_.random, scratch_.request_id);
    request_.request_id = scratch_.request_id;
    request_.matched.principal = peer_.principal;
    request_.principal_verified = !peer_.principal.empty();
    request_.matched.client = peer_.client.text;
    request_.matched.client_address = peer_.client.address;
  }
  request_.matched.principal_verified = request_.principal_verified;
  path_index_ = request_.matched.index;
  if (context_.flight != nullptr) {
    chosen_weight_ = context_.flight->begin(started_.boot);
    if (chosen_weight_ > 0) stages.turn_on();
  }
  const DirectiveSet::Pointer& set = context_.directives.load();
  if (!set->empty() || signed_.is_valid()) match_directives(set);
  const bool is_sampled = chosen_weight_ > 0 && samples_body();
  if ((verdict_.selected() || is_sampled) && has_whole_head()) begin_inspection(is_sampled);
}

void RequestDiagnostics::match_directives(const DirectiveSet::Pointer& set) {
  if (context_.options.spans || signed_.is_valid() || set->highest_level() >= Level::ShapeTiming) {
    stages.turn_on();  // the level may ask for times
  }
  stages.enter(Stage::Match);
  if (!set->empty()) set_number_ = context_.recorder.in_force(set);
  verdict_ =
      set->match(request_.matched, started_, request_id(), context_.options.directive_budget);
  if (verdict_.needs_conclusion()) set_ = set;
  signed_.add_to(verdict_);
  if (verdict_.selected() && context_.options.spans) make_spans_of_request();
  await_body(set);
  if (verdict_.level < Level::ShapeTiming && spans_ == nullptr && chosen_weight_ <= 0) {
    stages.turn_off();
  }
}

/// Whether the flight recorder reads the bodies of a request that it has chosen: for the shape of a
/// search, and for the failed items of a bulk.
bool RequestDiagnostics::samples_body() noexcept {
  switch (endpoint()) {
    case Endpoint::Search:
    case Endpoint::MultiSearch:
    case Endpoint::Count:
    case Endpoint::IngestBulk:
      body_weight_ = context_.flight->offer_body(started_.boot);
      return body_weight_ > 0;
    default:
      return false;
  }
}

void RequestDiagnostics::begin_inspection(bool is_sampled) {
  inspection_ = std::make_unique<ExchangeInspection>(
      *head_, CalledApi{.endpoint = endpoint(), .form = request_.form}, verdict_.level,
      verdict_.capture ? context_.options.capture : nullptr);
  const bool samples_shape = is_sampled && endpoint() != Endpoint::IngestBulk;
  if (verdict_.reads_shape || samples_shape) inspection_->read_shape();
  const bool reads_body = verdict_.awaits_body || verdict_.level >= Level::ShapeRewriteDiff;
  if (reads_body && request_.matched.body_may_name_index) inspection_->read_indices();
}

RequestDiagnostics::UnreadBulk RequestDiagnostics::form_of(
    const http::ResponseHead& head) noexcept {
  if (!is_json(http::find_header(head, "Content-Type"))) return UnreadBulk::No;
  switch (coding_of(http::find_header(head, "Content-Encoding"))) {
    case Coding::None:
      return UnreadBulk::Plain;
    case Coding::Compressed:
      return UnreadBulk::Compressed;
    case Coding::Unknown:
      break;
  }
  return UnreadBulk::No;
}

/// Of a bulk whose bodies nothing reads, the start of the response tells whether an item failed.
/// If so, the rest of the response is read, as far as there is room for that.
void RequestDiagnostics::look_at_bulk(std::string_view piece) noexcept {
  constexpr std::string_view kJson = "application/json";
  const std::string_view coding = unread_bulk_ == UnreadBulk::Compressed ? "gzip" : "";
  const auto may_read = [this] { return context_.bulk_reads.take(kBulkReads, started_.boot); };
  try {
    const bool is_first = bulk_start_.empty();
    if (is_first && !coding.empty() && !may_read()) {
      unread_bulk_ = UnreadBulk::No;
      return;
    }
    // A node may send the start in small pieces.
    if (!is_first || piece.size() < kBulkStart) bulk_start_ += piece;
    const std::string_view start = bulk_start_.empty() ? piece : std::string_view(bulk_start_);
    bulk_has_errors_ = bulk_has_errors({.content_type = kJson, .content_encoding = coding}, start);
    if (!bulk_has_errors_ && start.size() < kBulkStart) return;  // the next piece may tell
    unread_bulk_ = UnreadBulk::No;
    if (!bulk_has_errors_ || !may_read()) return;
    begin_inspection(/*is_sampled=*/false);
    inspection_->read_response(kJson, coding);
    inspection_->response_body(start.substr(0, start.size() - piece.size()));
  } catch (const std::bad_alloc&) {
    unread_bulk_ = UnreadBulk::No;
    inspection_.reset();
  }
}

void RequestDiagnostics::make_spans_of_request() {
  spans_ = std::make_unique<TraceSpans>(make_spans(request_.trace, context_.random));
}

/// Looks for directives that apply if the body names their index. Without one, no body is read.
/// Whether one does is not known before the end, so that nothing is added to the request for them.
void RequestDiagnostics::await_body(const DirectiveSet::Pointer& set) {
  is_matched_ = verdict_.selected();
  if (!request_.matched.body_may_name_index) return;
  set->add_awaited(request_.matched, started_, request_id(), verdict_);
  if (verdict_.awaits_body) set_ = set;
}

/// From now on the request is judged by the indices of its path and of its body.
void RequestDiagnostics::judge_by_body() {
  if (inspection_ == nullptr) return;
  const BodyIndices* const indices = inspection_->end_indices(result_.request_received);
  if (indices == nullptr || indices->names.empty()) return;
  all_indices_ = index_expression_of(path_index_, *indices);
  const Attributes at_start = request_.matched;
  request_.matched.index = all_indices_;
  if (set_) set_->count_awaited(request_.matched, at_start, started_, request_id());
}

/// False for a head that osproxy's headers could push over OpenSearch's limit: 8 KiB of headers in
/// version 2, by default.
bool RequestDiagnostics::has_room() const noexcept {
  constexpr std::size_t kLimit = 8 * 1024;
  constexpr std::size_t kAdded = 512;  // two ids of at most 128 bytes, a traceparent, their names
  return head_->size - head_->target.size() <= kLimit - kAdded;
}

/// A malformed `traceparent` is forwarded unchanged, so that a node logs what the client sent.
std::string_view RequestDiagnostics::traceparent() const noexcept {
  const bool is_malformed = request_.has_traceparent && !request_.trace.is_valid();
  const bool is_set = spans_ != nullptr && !is_malformed && has_room();
  return is_set ? std::string_view(spans_->to_upstream) : std::string_view{};
}

/// A node took the request for a good one, and for an authorized one.
bool RequestDiagnostics::is_accepted() const noexcept {
  return result_.upstream != nullptr && 200 <= result_.status && result_.status < 400 &&
         is_authorized(endpoint(), result_.status);
}

void RequestDiagnostics::finish() {
  finished_ = true;
  unlink();
  const BootTime ended = context_.clock.boot();
  const auto latency = ended - started_.boot;
  stages.end(ended);
  context_.recorder.count({.endpoint = endpoint(),
                           .status = result_.status,
                           .latency = latency,
                           .request_bytes = result_.request_bytes,
                           .response_bytes = result_.response_bytes,
                           .matched = is_matched_,
                           .tenant = request_.matched.tenant,
                           .accepted = is_accepted()});
  if (cursor_) {
    cursor_->finish(result_.upstream != nullptr ? result_.status : 0, context_.clock.now(),
                    [this] { return as_cursor(); });
  }
  FlightShard::Choice sample;
  if (context_.flight != nullptr) {
    sample = context_.flight->end({.at = ended,
                                   .latency = latency,
                                   .bytes = result_.request_bytes + result_.response_bytes,
                                   .is_notable = is_notable(latency),
                                   .body_weight = body_weight_},
                                  chosen_weight_);
  }
  Verdict verdict;
  if (set_ || set_number_ != 0 || signed_.is_valid()) verdict = judge(latency);
  if (!verdict.selected() && !sample.is_kept) return;
  Record record = make_record(verdict, latency);
  if (!verdict.selected()) return keep_sample(sample, std::move(record));
  if (sample.is_kept) keep_sample(sample, record);
  // No level but the highest has it, whatever the flight recorder has read.
  if (verdict.level < Level::ShapeRewriteDiff && !verdict_.reads_shape) record.shape.reset();
  if (verdict.matched_count > 0) context_.recorder.count_by_directive();
  context_.recorder.record(std::move(record), verdict.ring_buffer);
  end_capture(verdict, latency);
}

/// The directives' decision, now that the outcome is known.
Verdict RequestDiagnostics::judge(std::chrono::nanoseconds latency) {
  judge_by_body();
  const Outcome outcome = outcome_after(latency);
  const Verdict verdict = conclude(outcome);
  if (set_number_ != 0) {
    context_.recorder.matched({.request_id = request_id(),
                               .attributes = request_.matched,
                               .started = started_,
                               .outcome = outcome,
                               .set_number = set_number_,
                               .verdict = verdict,
                               .kept = context_.options.client_fields});
  }
  if (verdict.selected() && context_.options.spans && spans_ == nullptr) make_spans_of_request();
  return verdict;
}

/// The flight recorder keeps such requests as far as it has room.
bool RequestDiagnostics::is_notable(std::chrono::nanoseconds latency) const noexcept {
  const bool is_whole = result_.error == http::ProxyError::None;
  if (latency >= context_.flight->slow_after() || !is_whole || is_failed_status(result_.status) ||
      bulk_has_errors_) {
    return true;
  }
  const ResponseFacts* const facts =
      inspection_ != nullptr ? inspection_->end_response(is_whole) : nullptr;
  return facts != nullptr && (facts->failed_items.value_or(0) > 0 || facts->errors.value_or(false));
}

/// Without the structure of the body, and what osproxy changed: they take much room.
void RequestDiagnostics::keep_sample(const FlightShard::Choice& choice, Record record) noexcept {
  record.level = Level::ShapeTiming;
  record.rewrite = {};
  record.body = {};
  context_.flight->keep(choice, record);
}

Outcome RequestDiagnostics::outcome_after(std::chrono::nanoseconds latency) const {
  const bool is_whole = result_.error == http::ProxyError::None;
  Outcome outcome{.latency = latency,
                  .status = result_.status,
                  .from_node = is_whole || (result_.status > 0 && result_.status < 400)};
  if (inspection_ == nullptr) return outcome;
  if (verdict_.reads_shape) outcome.shape = inspection_->end_shape(result_.request_received);
  if (const ResponseFacts* const facts = inspection_->end_response(is_whole)) {
    outcome.failed_items = facts->failed_items;
  }
  return outcome;
}

RunningRequest RequestDiagnostics::describe(BootTime now) const {
  RunningRequest request;
  request.request_id = request_id();
  request.since = started_.wall;
  request.age = now - started_.boot;
  request.stage = stages.current();
  request.endpoint = endpoint();
  request.is_by_query = request_.form == BodyForm::ByQuery;
  request.index = request_.matched.index;
  request.tenant = request_.matched.tenant;
  request.principal = request_.matched.principal;
  request.principal_verified = request_.principal_verified;
  const ClientFields& kept = context_.options.client_fields;
  if (kept.address) request.client = request_.matched.client;
  if (kept.agent) request.agent = request_.matched.agent;
  if (kept.opaque_id) request.opaque_id = request_.matched.opaque_id;
  if (result_.node != nullptr) {
    request.node = *result_.node;
    request.node_tls = result_.node_tls;
    request.adds_opaque_id = adds_opaque_id();
  }
  request.request_bytes = result_.request_bytes;
  request.response_bytes = result_.response_bytes;
  request.retries = result_.retries;
  return request;
}

OpenCursor RequestDiagnostics::as_cursor() const {
  const Attributes& names = request_.matched;
  OpenCursor cursor{.endpoint = endpoint(),
                    .index = std::string(names.index),
                    .tenant = std::string(names.tenant),
                    .principal = std::string(names.principal),
                    .principal_verified = names.principal_verified};
  const ClientFields& kept = context_.options.client_fields;
  if (kept.address) {
    cursor.client = names.client;
    cursor.client_address = names.client_address;
  }
  if (kept.agent) cursor.agent = names.agent;
  if (kept.opaque_id) cursor.opaque_id = names.opaque_id;
  return cursor;
}

Verdict RequestDiagnostics::conclude(const Outcome& outcome) {
  Verdict verdict;
  if (set_) {
    verdict = set_->conclude(
        request_.matched, started_, request_id(), outcome, context_.options.directive_budget,
        {.level = verdict_.level, .capture = verdict_.capture || verdict_.awaits_body});
    if (verdict.refused_count > 0) context_.recorder.refuse(verdict.refused_count);
  }
  signed_.add_to(verdict);
  return verdict;
}

Record RequestDiagnostics::make_record(const Verdict& verdict, std::chrono::nanoseconds latency) {
  Record record;
  record.request_id = request_id();
  record.trace_id = request_.trace.trace_id;
  if (spans_) add_spans(record);
  record.level = verdict.level;
  record.directives = directive_ids(verdict);
  if (const auto fault = signed_.fault()) record.signed_fault = to_string(*fault);
  record.started = started_.wall;
  record.endpoint = endpoint();
  record.method = head_ != nullptr ? known_method(head_->method) : "";
  record.index = path_index_;
  record.tenant = request_.matched.tenant;
  record.principal = request_.matched.principal;
  record.principal_verified = request_.principal_verified;
  const ClientFields& kept = context_.options.client_fields;
  if (kept.address) record.client = request_.matched.client;
  if (kept.agent) record.agent = request_.matched.agent;
  if (kept.opaque_id) record.opaque_id = request_.matched.opaque_id;
  record.protocol = head_ != nullptr ? head_->version : "";
  record.tls = peer_.tls;
  record.request_bytes = result_.request_bytes;
  record.response_bytes = result_.response_bytes;
  record.unacknowledged_bytes = result_.unacknowledged_bytes;
  record.status = result_.status;
  if (result_.upstream != nullptr) record.upstream = *result_.upstream;
  if (result_.request_sent) record.connection_reused = result_.connection_reused;
  record.retries = result_.retries;
  record.error = to_string(result_.error);
  record.latency = latency;
  record.times = stages.times();
  record.stalled =
      std::chrono::floor<std::chrono::microseconds>(context_.stalls.longest_since(started_.boot));
  if (inspection_) {
    inspection_->finish(result_, record);
  } else if (bulk_has_errors_) {
    record.response = {.errors = true, .not_read = NotRead::OverRate};
  }
  return record;
}

void RequestDiagnostics::add_spans(Record& record) const {
  record.trace_id = spans_->trace_id;
  record.span_id = spans_->server;
  record.parent_span_id = request_.trace.parent_id;
  if (result_.request_sent) record.upstream_span_id = spans_->client;
}

/// Hands the captured exchange over, or counts that there is none: whether the request is captured
/// is decided only now. Without a head there is nothing to capture.
void RequestDiagnostics::end_capture(const Verdict& verdict, std::chrono::nanoseconds latency) {
  if (context_.options.capture == nullptr || !verdict.capture || !has_whole_head()) return;
  auto captured = inspection_ ? inspection_->take_capture() : nullptr;
  if (captured) {
    CapturedExchange& exchange = captured->exchange;
    exchange.request_id = request_id();
    exchange.started = started_.wall;
    exchange.directives = directive_ids(verdict);
    exchange.status = result_.status;
    if (result_.upstream != nullptr) exchange.upstream = *result_.upstream;
    exchange.error = to_string(result_.error);
    exchange.latency = latency;
    captured->finish({.request_whole = result_.request_received,
                      .response_whole = result_.error == http::ProxyError::None});
  }
  context_.options.capture->take(std::move(captured));
}

std::vector<std::string> RequestDiagnostics::directive_ids(const Verdict& verdict) const {
  std::vector<std::string> ids;
  for (const std::uint32_t place : verdict.named()) {
    ids.push_back(set_->directives()[place].directive.id);
  }
  if (signed_.is_valid()) ids.push_back(signed_.directive_id());
  return ids;
}

}  // namespace osproxy
