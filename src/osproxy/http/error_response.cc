#include "osproxy/http/error_response.h"

#include <utility>

#include <fmt/format.h>

namespace osproxy::http {

std::string_view to_string(ProxyError error) noexcept {
  switch (error) {
    case ProxyError::None:
      return "";
    case ProxyError::BadRequest:
      return "bad_request";
    case ProxyError::BodyTooLarge:
      return "body_too_large";
    case ProxyError::RequestTimeout:
      return "request_timeout";
    case ProxyError::TooManyConnections:
      return "too_many_connections";
    case ProxyError::UpstreamUnreachable:
      return "upstream_unreachable";
    case ProxyError::UpstreamBusy:
      return "upstream_busy";
    case ProxyError::UpstreamTimeout:
      return "upstream_timeout";
    case ProxyError::UpstreamTls:
      return "upstream_tls";
    case ProxyError::UpstreamClosed:
      return "upstream_closed";
    case ProxyError::UpstreamMalformed:
      return "upstream_malformed";
    case ProxyError::ExchangeTimeout:
      return "exchange_timeout";
    case ProxyError::ClientGone:
      return "client_gone";
    case ProxyError::ClientTooSlow:
      return "client_too_slow";
    case ProxyError::Stopped:
      return "stopped";
  }
  std::unreachable();
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 400:
      return "Bad Request";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

std::string to_http(const ErrorResponse& response) {
  const std::string body = fmt::format(
      R"({{"error":{{"root_cause":[{{"type":"{0}","reason":"{1}"}}],"type":"{0}","reason":"{1}"}},)"
      R"("status":{2}}})",
      to_string(response.error), response.reason, response.status);
  std::string head = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\n",
      response.status, reason_phrase(response.status), body.size());
  if (!response.date.empty()) head += fmt::format("Date: {}\r\n", response.date);
  if (!response.request_id.empty())
    head += fmt::format("X-Request-Id: {}\r\n", response.request_id);
  if (response.retry_after_s > 0)
    head += fmt::format("Retry-After: {}\r\n", response.retry_after_s);
  if (response.close) head += "Connection: close\r\n";
  head += "\r\n";
  return response.with_body ? head + body : head;
}

std::string options_response(const OptionsResponse& response) {
  std::string head =
      fmt::format("HTTP/1.1 200 OK\r\nAllow: {}\r\nContent-Length: 0\r\n", response.allow);
  if (!response.date.empty()) head += fmt::format("Date: {}\r\n", response.date);
  head += fmt::format("X-Request-Id: {}\r\n", response.request_id);
  if (response.close) head += "Connection: close\r\n";
  return head + "\r\n";
}

std::size_t body_bytes(std::string_view message) noexcept {
  constexpr std::string_view kHeadEnd = "\r\n\r\n";
  return message.size() - (message.find(kHeadEnd) + kHeadEnd.size());
}

}  // namespace osproxy::http
