#include "osproxy/otlp/http_transport.h"

#include <utility>

#include "osproxy/client/http_call.h"
#include "osproxy/core/clock.h"
#include "osproxy/core/version.h"
#include "osproxy/otlp/collector_response.h"
#include "osproxy/otlp/credentials.h"
#include "osproxy/otlp/gzip.h"

namespace osproxy::otlp {
namespace {

/// A response is a few counts and a sentence.
constexpr std::size_t kMaxResponseBytes = std::size_t{1} << 20;

ExportResult result_of(const client::HttpResponse& response, WallTime now) {
  if (response.status < 200 || response.status > 299) {
    return {.kind = ExportResult::Kind::HttpStatus,
            .code = response.status,
            .retry_after = parse_retry_after(response.header("Retry-After"), now),
            .message = "status " + std::to_string(response.status)};
  }
  const PartialSuccess partial = read_partial_success(response.body);
  return {.kind = ExportResult::Kind::Accepted,
          .rejected_spans = partial.rejected_spans,
          .message = partial.message.substr(0, 256)};
}

ExportResult no_response(std::string reason) {
  return {.kind = ExportResult::Kind::NoResponse, .message = std::move(reason)};
}

class HttpTransport final : public SpanTransport {
 public:
  HttpTransport(Target target, const TransportOptions& options, const Clock& clock)
      : target_(std::move(target)), options_(options), clock_(clock) {}

  ExportResult send(const std::string& request, std::chrono::milliseconds timeout,
                    std::stop_token stop) override {
    client::HttpCallOptions call{
        .timeout = timeout, .max_response_bytes = kMaxResponseBytes, .stop = std::move(stop)};
    if (target_.origin.tls) {
      auto credentials = read_credentials(options_);
      if (!credentials) return no_response(std::move(credentials).error());
      call.tls = *std::move(credentials);
    }
    const auto response = client::http_call(target_.origin, make_request(request), call);
    if (!response) return no_response(response.error().reason);
    return result_of(*response, clock_.now().wall);
  }

 private:
  client::HttpRequest make_request(const std::string& body) const {
    client::HttpRequest request{.method = "POST", .target = target_.path};
    for (const auto& [name, value] : options_.headers) request.set(name, value);
    request.set("User-Agent", std::string("osproxy/") + kVersion);
    request.set("Content-Type", "application/x-protobuf");
    if (options_.gzip) request.set("Content-Encoding", "gzip");
    request.body = options_.gzip ? gzip(body) : body;
    return request;
  }

  const Target target_;
  const TransportOptions options_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<SpanTransport> make_http_transport(Target target, const TransportOptions& options,
                                                   const Clock& clock) {
  return std::make_unique<HttpTransport>(std::move(target), options, clock);
}

}  // namespace osproxy::otlp
