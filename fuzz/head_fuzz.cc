// Parses any bytes as a request head, as a response head, and as a chunked body.
//
// No parser crashes. A verdict on a part stands whatever follows. A body is the same in any pieces.
// Boost.Beast's parser accepts every message that ours accepts, and reads it in the same way; a
// comment names each exception where the code allows for it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/chunk_encode.hpp>

#include "osproxy/core/field_name.h"
#include "osproxy/http/body.h"
#include "osproxy/http/head.h"

namespace {

namespace beast = boost::beast;
namespace http = osproxy::http;
using http::ParseResult;
using Status = http::BodyReader::Status;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "head_fuzz: %s\n", what);
  std::abort();
}

/// Keeps every callback of the parser, in order.
template <bool isRequest>
class Twin : public beast::http::basic_parser<isRequest> {
 public:
  using View = beast::string_view;
  using Error = beast::error_code;

  std::string method, target, reason, payload;
  int version = 0;
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;

  Twin() {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());
    this->body_limit(boost::none);
  }

  /// Parses `bytes`; returns how many it consumed, or nothing if it refuses them.
  std::optional<std::size_t> feed(std::string_view bytes) {
    Error error;
    std::size_t taken = 0;
    while (taken < bytes.size() && !this->is_done() && !(heads_only && this->is_header_done())) {
      taken += this->put(boost::asio::buffer(bytes.substr(taken)), error);
      if (error) return std::nullopt;
    }
    return taken;
  }

  bool heads_only = true;

 private:
  void on_request_impl(beast::http::verb, View name, View path, int number, Error&) override {
    method = name;
    target = path;
    version = number;
  }
  void on_response_impl(int code, View phrase, int number, Error&) override {
    status = code;
    reason = phrase;
    version = number;
  }
  void on_field_impl(beast::http::field, View name, View value, Error&) override {
    fields.emplace_back(name, value);
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(View part, Error&) override {
    payload.append(part);
    return part.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View part, Error&) override {
    payload.append(part);
    return part.size();
  }
  void on_finish_impl(Error&) override {}
};

bool same_fields(const http::MessageHead& head,
                 const std::vector<std::pair<std::string, std::string>>& fields) {
  return std::equal(head.headers.begin(), head.headers.end(), fields.begin(), fields.end(),
                    [](const http::Header& ours, const auto& theirs) {
                      return ours.name == theirs.first && ours.value == theirs.second;
                    });
}

bool has(const http::MessageHead& head, std::string_view name) {
  return std::any_of(head.headers.begin(), head.headers.end(), [name](const http::Header& header) {
    return osproxy::equal_names(header.name, name);
  });
}

/// Beast reads `Proxy-Connection` like `Connection`: it may refuse it, and may decide differently
/// whether the connection is kept.
bool differs_for_twin(const http::MessageHead& head) { return has(head, "Proxy-Connection"); }

void compare_request(std::string_view bytes, const http::RequestHead& head) {
  if (differs_for_twin(head)) return;
  bytes = bytes.substr(0, head.size);
  if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);  // Beast's caller skips it
  Twin<true> twin;
  twin.eager(false);
  require(twin.feed(bytes) == bytes.size() && twin.is_header_done(),
          "a request that is accepted is one for the twin");
  require(twin.method == head.method && twin.target == head.target &&
              twin.version == 10 + head.minor_version,
          "the request line is the same");
  require(same_fields(head, twin.fields), "the headers are the same");
  require(twin.chunked() == (head.framing == http::Framing::Chunked), "both are chunked or not");
  const auto length = twin.content_length();
  require(twin.chunked() || length.value_or(0) == head.content_length, "the lengths are the same");
  require(twin.keep_alive() == head.keep_alive, "the connection is kept by both or neither");
}

void compare_response(std::string_view bytes, std::string_view method,
                      const http::ResponseHead& head) {
  bytes = bytes.substr(0, head.size);
  // Beast requires a space before an empty reason.
  if (differs_for_twin(head) || bytes.find("\r\n") == 12) return;
  Twin<false> twin;
  twin.eager(false);
  twin.skip(method == "HEAD");
  require(twin.feed(bytes) == bytes.size() && twin.is_header_done(),
          "a response that is accepted is one for the twin");
  require(twin.status == head.status && twin.reason == head.reason &&
              twin.version == 10 + head.minor_version,
          "the status line is the same");
  require(same_fields(head, twin.fields), "the headers are the same");
  if (head.framing == http::Framing::Chunked) require(twin.chunked(), "both are chunked");
  if (head.framing == http::Framing::Length) {
    require(twin.content_length().value_or(0) == head.content_length, "the lengths are the same");
  }
  // Our parser ends more connections: also if a 1xx or 204 announces a body.
  require(twin.keep_alive() || !head.keep_alive, "a connection that is kept is kept by the twin");
}

/// A copy of each piece, so that the address sanitizer sees a read past its end.
std::vector<char> alone(std::string_view piece) { return {piece.begin(), piece.end()}; }

template <class Head, class Parse>
std::optional<Head> check_head(std::string_view bytes, std::size_t cut, const Parse& parse) {
  Head head;
  http::HeadFault fault;
  const ParseResult result = parse(bytes, head, fault);
  require(result != ParseResult::Bad || !fault.reason.empty(), "a fault has a reason");
  const std::vector<char> part = alone(bytes.substr(0, cut));
  Head part_head;
  const ParseResult part_result = parse({part.data(), part.size()}, part_head, fault);
  switch (part_result) {
    case ParseResult::Bad:
      require(result == ParseResult::Bad, "what is bad stays bad");
      break;
    case ParseResult::Complete:
      require(result == ParseResult::Complete && head.size == part_head.size,
              "a head ends where it ends");
      break;
    case ParseResult::Incomplete:
      require(result != ParseResult::Complete || head.size > cut, "a head is seen when it ends");
      break;
  }
  if (result != ParseResult::Complete) return std::nullopt;
  require(head.size <= bytes.size(), "a head is within the bytes");
  return head;
}

struct Outcome {
  Status status = Status::NeedMore;
  std::string payload;
  std::string trailers;
  std::size_t consumed = 0;

  bool operator==(const Outcome&) const = default;
};

/// Parses in pieces of 1 to `longest` bytes, drawn from `seed`.
Outcome read_body(const http::MessageHead& head, std::string_view bytes, std::size_t longest,
                  std::uint32_t seed) {
  http::BodyReader body(head);
  Outcome outcome;
  do {
    seed = seed * 1664525 + 1013904223;
    const std::size_t size = (seed >> 8) % longest + 1;
    const std::vector<char> piece = alone(bytes.substr(outcome.consumed, size));
    std::string_view rest(piece.data(), piece.size());
    do {
      const http::BodyReader::Step step = body.next(rest);
      require(step.consumed <= rest.size(), "no more is taken than there is");
      rest.remove_prefix(step.consumed);
      outcome.consumed += step.consumed;
      outcome.payload.append(step.payload);
      outcome.status = step.status;
    } while (outcome.status == Status::Payload);
    require(outcome.status != Status::NeedMore || rest.empty(), "all is taken if more is needed");
  } while (outcome.status == Status::NeedMore && outcome.consumed < bytes.size());
  require(body.done() == (outcome.status == Status::Done), "done is done");
  if (body.done()) outcome.trailers = body.trailers();
  return outcome;
}

/// The twin refuses some extensions that our parser skips, and accepts trailers that it refuses. A
/// body that both accept must be the same, and end at the same byte.
void compare_chunked(std::string_view bytes, const Outcome& ours) {
  constexpr std::string_view kHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  Twin<true> twin;
  twin.eager(true);
  twin.heads_only = false;
  const auto taken = twin.feed(std::string(kHead).append(bytes));
  if (!taken || !twin.is_done()) return;
  require(twin.payload == ours.payload, "the payload is the same");
  require(*taken == kHead.size() + ours.consumed, "the body ends at the same byte");
}

void check_body(const http::MessageHead& head, std::string_view bytes, std::uint32_t seed) {
  const Outcome whole = read_body(head, bytes, bytes.size() + 1, 0);
  const Outcome pieces = read_body(head, bytes, seed % 2 == 0 ? 3 : 64, seed);
  require(whole.status == pieces.status && whole.payload == pieces.payload &&
              whole.trailers == pieces.trailers,
          "a body is the same in pieces");
  if (whole.status != Status::Done) return;
  require(whole == pieces, "a body ends at the same byte in pieces");
  if (head.framing == http::Framing::Chunked) compare_chunked(bytes, whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::uint32_t hash = 2166136261U;  // chooses the cuts, so that an input holds only HTTP
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  const std::size_t cut = hash % (size + 1);
  // Small, so that inputs reach the limits.
  const http::HeadLimits limits{.request_line = 256, .head = 1024, .headers = 16};

  const auto request = check_head<http::RequestHead>(
      bytes, cut, [&](std::string_view part, http::RequestHead& head, http::HeadFault& fault) {
        return http::parse_request_head(part, limits, head, fault);
      });
  if (request) {
    compare_request(bytes, *request);
    check_body(*request, bytes.substr(request->size), hash);
  }
  const std::string_view method = hash % 8 == 0 ? "HEAD" : "GET";
  const auto response = check_head<http::ResponseHead>(
      bytes, cut, [&](std::string_view part, http::ResponseHead& head, http::HeadFault& fault) {
        return http::parse_response_head(part, method, limits, head, fault);
      });
  if (response) {
    compare_response(bytes, method, *response);
    check_body(*response, bytes.substr(response->size), hash);
  }
  http::MessageHead chunked;
  chunked.framing = http::Framing::Chunked;
  check_body(chunked, bytes, hash);
  return 0;
}
