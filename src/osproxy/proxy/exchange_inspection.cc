#include "osproxy/proxy/exchange_inspection.h"

#include "osproxy/http/rewrite_diff.h"

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
  if (level >= Level::ShapeRewriteDiff) begin_detail();
  if (writer != nullptr) begin_capture(*writer);
}

void ExchangeInspection::begin_detail() {
  detail_.reset(
      new Detail{.body = BodyStructureReader(body_head(head_, api_, head_.target)), .rewrite = {}});
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

void ExchangeInspection::request_head(std::string_view sent) {
  if (detail_) detail_->rewrite.request = http::compare_heads(head_, sent);
}

void ExchangeInspection::request_body(std::string_view payload) noexcept {
  if (detail_) detail_->body.read(payload);
  if (index_reader_) index_reader_->read(payload);
  if (capture_) capture_->request_body(payload);
}

void ExchangeInspection::response_head(const http::ResponseHead& received, std::string_view sent) {
  response_.emplace(body_head(received, api_, head_.target));
  if (detail_) detail_->rewrite.response = http::compare_heads(received, sent);
  if (capture_) capture_response_head(received);
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
  if (response_) record.response = response_->finish(result.error == http::ProxyError::None);
  if (detail_) {
    record.body = detail_->body.finish(result.request_received);
    record.rewrite = std::move(detail_->rewrite);
  }
}

}  // namespace osproxy
