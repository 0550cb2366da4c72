#include "osproxy/http/request_story.h"

#include <utility>

#include "osproxy/core/ids.h"

namespace osproxy::http {
namespace {

/// Method names are a client's to choose; a record has those that OpenSearch knows.
std::string_view known_method(std::string_view method) noexcept {
  for (const std::string_view known :
       {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}) {
    if (method == known) return known;
  }
  return method.empty() ? "" : "OTHER";
}

}  // namespace

RequestStory::~RequestStory() {
  if (finished_) return;
  facts.error = ProxyError::Stopped;
  finish();
}

void RequestStory::identify(const RequestHead& head) {
  method_ = known_method(head.method);
  minor_version_ = head.minor_version;
  request_ = read_attributes(head,
                             {.tenant = worker_.options.tenant,
                              .identities = *worker_.identities.load(),
                              .hasher = worker_.hasher,
                              .certificate_principal = peer_.principal},
                             worker_.random, scratch_);
}

void RequestStory::match() {
  if (request_id().empty()) {  // there was no head to identify it by
    scratch_.request_id = make_request_id(worker_.random);
    request_.request_id = scratch_.request_id;
    request_.matched.principal = peer_.principal;
    request_.principal_verified = !peer_.principal.empty();
  }
  const DirectiveSet::Pointer& set = worker_.directives.load();
  if (set->empty()) return;
  verdict_ = set->match(request_.matched, started_, request_id());
  if (verdict_.selected()) set_ = set;
}

void RequestStory::finish() {
  finished_ = true;
  const auto latency = worker_.clock.now().boot - started_.boot;
  worker_.recorder.count({.endpoint = request_.matched.endpoint,
                          .status = facts.status,
                          .latency = latency,
                          .request_bytes = facts.request_bytes,
                          .response_bytes = facts.response_bytes});
  if (!verdict_.selected()) return;
  const Verdict verdict = set_->conclude(request_.matched, started_, request_id(),
                                         {.latency = latency, .status = facts.status});
  if (verdict.selected()) {
    worker_.recorder.record(make_record(verdict, latency), verdict.ring_buffer);
  }
}

std::optional<std::chrono::nanoseconds> RequestStory::stage_time() const {
  if (verdict_.level < Level::ShapeTiming) return std::nullopt;
  return worker_.clock.now().boot - started_.boot;
}

Record RequestStory::make_record(const Verdict& verdict, std::chrono::nanoseconds latency) const {
  Record record;
  record.request_id = request_id();
  record.trace_id = request_.trace_id;
  record.level = verdict.level;
  for (const std::uint32_t place : verdict.named()) {
    record.directives.push_back(set_->directives()[place].directive.id);
  }
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
  record.times = facts.times;
  record.times.total = latency;
  return record;
}

}  // namespace osproxy::http
