#include "osproxy/http/head_writer.h"

#include <array>
#include <cstdint>
#include <string>

#include "osproxy/core/field_name.h"

namespace osproxy::http {
namespace {

/// Appends the lines of `head` for which `keep(header)` is true, consecutive ones in one piece.
template <class Keep>
void append_lines(const MessageHead& head, Keep&& keep, std::string& out) {
  std::string_view run;
  for (const Header& header : head.headers) {
    if (!keep(header)) continue;
    if (run.data() + run.size() == header.line.data()) {
      run = {run.data(), run.size() + header.line.size()};
    } else {
      out.append(run);
      run = header.line;
    }
  }
  out.append(run);
}

void append_field(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ").append(value).append("\r\n");
}

/// `Max-Forwards` at the next hop.
std::string fewer(std::uint64_t forwards) {
  return std::to_string(forwards > 0 ? forwards - 1 : 0);
}

}  // namespace

void write_request_head(const RequestHead& head, const RequestRewrite& rewrite, std::string& out) {
  out.clear();
  out.append(head.method)
      .append(head.lacks_slash ? " /" : " ")
      .append(head.origin_form)
      .append(" HTTP/1.1\r\n");
  if (head.host_in_target) append_field("Host", head.host, out);
  const Forwarding* const forwarding = rewrite.forwarding;
  append_lines(
      head,
      [&rewrite, forwarding](const Header& header) {
        return !header.hop_by_hop &&
               (!rewrite.set_request_id || !equal_names(header.name, "X-Request-Id")) &&
               (rewrite.traceparent.empty() || !equal_names(header.name, "traceparent")) &&
               (!rewrite.drop_accept_encoding || !equal_names(header.name, "Accept-Encoding")) &&
               (forwarding == nullptr || !forwarding->replaces(header.name));
      },
      out);
  if (forwarding != nullptr) forwarding->append(head, out);
  if (!rewrite.traceparent.empty()) append_field("traceparent", rewrite.traceparent, out);
  if (rewrite.set_request_id) append_field("X-Request-Id", rewrite.request_id, out);
  if (rewrite.add_opaque_id) append_field("X-Opaque-Id", rewrite.request_id, out);
  if (head.max_forwards) append_field("Max-Forwards", fewer(*head.max_forwards), out);
  if (head.framing == Framing::Chunked) append_field("Transfer-Encoding", "chunked", out);
  // HTTP/1.0 may omit Host, HTTP/1.1 must not.
  if (head.minor_version == 0 && head.host.data() == nullptr) append_field("Host", "", out);
  out.append("\r\n");
}

void write_response_head(const ResponseHead& head, const ResponseRewrite& rewrite,
                         std::string& out) {
  out.clear();
  const auto digit = [](int value) { return static_cast<char>('0' + value % 10); };
  const std::array status = {digit(head.status / 100), digit(head.status / 10), digit(head.status)};
  out.append("HTTP/1.1 ").append(status.data(), status.size()).append(" ");
  out.append(head.reason).append("\r\n");
  bool has_date = rewrite.date.empty();
  append_lines(
      head,
      [&](const Header& header) {
        has_date = has_date || equal_names(header.name, "Date");
        return !header.hop_by_hop && !equal_names(header.name, "X-Request-Id") &&
               !(rewrite.drop_opaque_id && equal_names(header.name, "X-Opaque-Id")) &&
               !(rewrite.content_length && equal_names(header.name, "Content-Length"));
      },
      out);
  if (!has_date) append_field("Date", rewrite.date, out);
  if (rewrite.content_length) {
    append_field("Content-Length", std::to_string(*rewrite.content_length), out);
  }
  append_field("X-Request-Id", rewrite.request_id, out);
  if (rewrite.framing == Framing::Chunked) append_field("Transfer-Encoding", "chunked", out);
  if (rewrite.close) {
    append_field("Connection", "close", out);
  } else if (rewrite.to_http_1_0) {
    append_field("Connection", "keep-alive", out);
  }
  out.append("\r\n");
}

}  // namespace osproxy::http
