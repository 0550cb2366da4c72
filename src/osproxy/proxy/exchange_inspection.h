// Reads along while a selected request passes by: the facts of its response, the structure of its
// body, the changes to its heads, and the whole exchange if a directive captures it.
//
//   ExchangeInspection inspection(head, {.endpoint = Endpoint::Search}, Level::Shape, nullptr);
//   inspection.request_head(sent);
//   inspection.request_body(piece);
//   inspection.finish(result, record);
//
// Exists only for selected requests, so that all others pay a branch. `head` must outlive it.
// Belongs to its worker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "osproxy/capture/buffer.h"
#include "osproxy/capture/writer.h"
#include "osproxy/directive/model.h"
#include "osproxy/http/head.h"
#include "osproxy/identify/classify.h"
#include "osproxy/inspect/body_index_reader.h"
#include "osproxy/inspect/body_structure_reader.h"
#include "osproxy/inspect/response_reader.h"
#include "osproxy/proxy/exchange_result.h"
#include "osproxy/record/record.h"
#include "osproxy/record/rewrite.h"

namespace osproxy {

/// The API that a request calls: what its bodies mean.
struct CalledApi {
  Endpoint endpoint = Endpoint::Unknown;
  BodyForm form = BodyForm::Usual;
};

class ExchangeInspection {
 public:
  /// `writer`: where captured exchanges go; null: the request is not captured.
  ExchangeInspection(const http::RequestHead& head, CalledApi api, Level level,
                     CaptureWriter* writer);

  /// Reads the indices that the body names, too. Call it before the body begins.
  void read_indices();
  /// The indices read, once the request is over; null if they are not read.
  const BodyIndices* end_indices(bool whole) noexcept;

  /// Reads the shape of the body, too, whatever the level. Call it before the body begins.
  void read_shape();
  /// The shape's hash, once the request is over; nullopt if it is not read, or not known.
  std::optional<std::uint64_t> end_shape(bool whole) noexcept;

  /// The facts of OpenSearch's response, once it is over; null if it sent none.
  const ResponseFacts* end_response(bool whole) noexcept;

  /// The request's head as it was sent to a node; once for each attempt.
  void request_head(std::string_view sent);
  /// The next piece of the request's body.
  void request_body(std::string_view payload) noexcept;

  /// OpenSearch's response: its head as received, and as it goes to the client.
  void response_head(const http::ResponseHead& received, std::string_view sent);
  /// In place of response_head(): only the facts of the response are wanted.
  void read_response(std::string_view content_type, std::string_view content_encoding);
  /// The next piece of the response's body.
  void response_body(std::string_view payload) noexcept;

  /// Writes to the record what was read; once, at the end.
  void finish(const ExchangeResult& result, Record& record);

  /// The captured exchange, or null if it is not captured.
  std::unique_ptr<CaptureBuffer> take_capture() noexcept { return std::move(capture_); }

 private:
  void begin_capture(CaptureWriter& writer);
  void capture_response_head(const http::ResponseHead& head);

  const http::RequestHead& head_;
  const CalledApi api_;
  std::optional<ResponseReader> response_;
  std::optional<ResponseFacts> facts_;         // of response_, once it is over
  std::unique_ptr<BodyStructureReader> body_;  // for rewrite_'s level, and for a shape
  bool is_body_over_ = false;
  std::optional<std::uint64_t> shape_;
  std::unique_ptr<Rewrite> rewrite_;  // only for Level::ShapeRewriteDiff
  std::unique_ptr<BodyIndexReader> index_reader_;
  std::optional<BodyIndices> indices_;
  std::unique_ptr<CaptureBuffer> capture_;
};

}  // namespace osproxy
