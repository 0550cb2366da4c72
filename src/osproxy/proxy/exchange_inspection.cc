#include "osproxy/proxy/exchange_inspection.h"

#include "osproxy/http/rewrite_diff.h"
#include "osproxy/inspect/shape_hash.h"

namespace osproxy {
namespace {

template <class Head>
BodyHead body_head(const Head& head, CalledApi api, std::string_view target) {
  return {.endpoint = api.endpoint,
          .is_by_query = api.form == BodyForm::ByQuery,
          .is_stream = api.form == BodyForm::Stream,
          .content_type = http::find_header(head, "Content-Type"),
          .content_encoding = http::find_header(head, "Content-Encoding"),
          .query = query_of(target)};
}

}  // namespace

ExchangeInspection::ExchangeInspection(const http::RequestHead& head, CalledApi api, Level level,
                                       CaptureWriter* writer)
    : head_(head), api_(api) {
  if (level >= Level::ShapeRewriteDiff) {
    rewrite_ = std::make_unique<Rewrite>();
    read_shape();
  }
  if (writer != nullptr) begin_capture(*writer);
}

void ExchangeInspection::begin_capture(CaptureWriter& writer) {
  capture_ = writer.begin();
  if (capture_ == nullptr) return;
  bool has_room = capture_->request(head_.method, head_.target);
  for (const http::Header& header : head_.headers) {
    has_room = has_room && capture_->request_header(header.name, header.value);
  }
  if (!has_room) capture_.reset();
}

void ExchangeInspection::read_indices() {
  index_reader_ = std::make_unique<BodyIndexReader>(body_head(head_, api_, head_.target));
}

const BodyIndices* ExchangeInspection::end_indices(bool whole) noexcept {
  if (index_reader_ && !indices_) indices_.emplace(index_reader_->finish(whole));
  return indices_ ? &*indices_ : nullptr;
}

void ExchangeInspection::read_shape() {
  if (body_) return;
  body_ = std::make_unique<BodyStructureReader>(body_head(head_, api_, head_.target));
}

std::optional<std::uint64_t> ExchangeInspection::end_shape(bool whole) noexcept {
  if (body_ && !std::exchange(is_body_over_, true)) {
    body_->end_body(whole);
    shape_ = shape_of(*body_);
  }
  return shape_;
}

const ResponseFacts* ExchangeInspection::end_response(bool whole) noexcept {
  if (response_ && !facts_) facts_.emplace(response_->finish(whole));
  return facts_ ? &*facts_ : nullptr;
}

void ExchangeInspection::request_head(std::string_view sent) {
  if (rewrite_) rewrite_->request = http::compare_heads(head_, sent);
}

void ExchangeInspection::request_body(std::string_view payload) noexcept {
  if (body_) body_->read(payload);
  if (index_reader_) index_reader_->read(payload);
  if (capture_) capture_->request_body(payload);
}

void ExchangeInspection::response_head(const http::ResponseHead& received, std::string_view sent) {
  response_.emplace(body_head(received, api_, head_.target));
  if (rewrite_) rewrite_->response = http::compare_heads(received, sent);
  if (capture_) capture_response_head(received);
}

void ExchangeInspection::read_response(std::string_view content_type,
                                       std::string_view content_encoding) {
  BodyHead head = body_head(http::ResponseHead(), api_, head_.target);
  head.content_type = content_type;
  head.content_encoding = content_encoding;
  response_.emplace(head);
}

void ExchangeInspection::capture_response_head(const http::ResponseHead& head) {
  capture_->response(head.status);
  for (const http::Header& header : head.headers) {
    if (capture_->response_header(header.name, header.value)) continue;
    capture_.reset();
    return;
  }
}

void ExchangeInspection::response_body(std::string_view payload) noexcept {
  if (response_) response_->read(payload);
  if (capture_) capture_->response_body(payload);
}

void ExchangeInspection::finish(const ExchangeResult& result, Record& record) {
  record.body_indices = std::move(indices_);
  record.shape = end_shape(result.request_received);
  end_response(result.error == http::ProxyError::None);
  record.response = std::move(facts_);
  if (rewrite_) {
    record.body = body_->take_structure();
    record.rewrite = std::move(*rewrite_);
  }
}

}  // namespace osproxy
