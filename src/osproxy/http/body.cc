#include "osproxy/http/body.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "osproxy/core/encoding.h"
#include "osproxy/http/field_syntax.h"

namespace osproxy::http {
namespace {

/// The bound of a chunk-size line: enough for any extension in use, too little to cause much work.
constexpr std::size_t kMaxChunkLine = 4 * 1024;

/// The bound of the extensions of all chunks of a body together: they are read and dropped, so
/// nothing else limits them (RFC 9112, section 7.1.1).
constexpr std::size_t kMaxExtensions = 16 * 1024;

/// Sizes of 64 bits. Implementations disagree about more digits, even if these are zeros.
constexpr std::size_t kMaxSizeDigits = 16;

/// The bound of all trailers together, because they are held in memory until the body ends.
constexpr std::size_t kMaxTrailers = 16 * 1024;

/// Fields that must come before the body: framing, routing, connection, authentication, the
/// interpretation of the body (RFC 9110, section 6.5.1), and those that osproxy sets or removes in
/// the head, which a trailer would bring back.
constexpr std::array<std::string_view, 38> kNotInTrailers = {"Authorization",
                                                             "Cache-Control",
                                                             "Connection",
                                                             "Content-Encoding",
                                                             "Content-Length",
                                                             "Content-Range",
                                                             "Content-Type",
                                                             "Cookie",
                                                             "Expect",
                                                             "Forwarded",
                                                             "Host",
                                                             "HTTP2-Settings",
                                                             "If-Match",
                                                             "If-Modified-Since",
                                                             "If-None-Match",
                                                             "If-Range",
                                                             "If-Unmodified-Since",
                                                             "Keep-Alive",
                                                             "Max-Forwards",
                                                             "Pragma",
                                                             "Proxy-Authenticate",
                                                             "Proxy-Authorization",
                                                             "Proxy-Connection",
                                                             "Range",
                                                             "Set-Cookie",
                                                             "TE",
                                                             "Trailer",
                                                             "Transfer-Encoding",
                                                             "Upgrade",
                                                             "Via",
                                                             "WWW-Authenticate",
                                                             "X-Debug-Directive",
                                                             "X-Forwarded-For",
                                                             "X-Forwarded-Host",
                                                             "X-Forwarded-Proto",
                                                             "X-Opaque-Id",
                                                             "X-Request-Id",
                                                             "traceparent"};

/// `options`: those of the head's `Connection`, which names fields that must not be forwarded.
bool may_be_trailer(std::string_view name, std::string_view options) noexcept {
  std::string_view option;
  while (next_element(options, option)) {
    if (equal_names(name, option)) return false;
  }
  return std::none_of(kNotInTrailers.begin(), kNotInTrailers.end(),
                      [name](std::string_view other) { return equal_names(name, other); });
}

/// The options of all `Connection` headers, as one list.
std::string connection_options(const MessageHead& head) {
  std::string options;
  for (const Header& header : head.headers) {
    if (field_of(header.name) == Field::Connection) options.append(header.value).append(",");
  }
  return options;
}

}  // namespace

BodyReader::BodyReader(const MessageHead& head) {
  switch (head.framing) {
    case Framing::None:
      break;
    case Framing::Length:
      left_ = head.content_length;
      state_ = left_ > 0 ? State::Counting : State::Done;
      break;
    case Framing::Chunked:
      state_ = State::ChunkSize;
      connection_options_ = connection_options(head);
      break;
    case Framing::UntilClose:
      left_ = std::numeric_limits<std::uint64_t>::max();
      state_ = State::UntilClose;
      break;
  }
}

bool BodyReader::done() const noexcept { return state_ == State::Done; }

bool BodyReader::ends_with_connection() const noexcept {
  return state_ == State::UntilClose || done();
}

BodyReader::Step BodyReader::next(std::string_view input) {
  std::size_t consumed = 0;
  while (true) {
    switch (state_) {
      case State::Done:
        return {Status::Done, consumed, {}};
      case State::Bad:
        return {Status::Bad, consumed, {}};
      case State::Counting:
      case State::UntilClose:
      case State::ChunkData:
        return take_payload(input, consumed);
      case State::Trailers:
        if (consumed == input.size()) return {Status::NeedMore, consumed, {}};
        state_ = after_trailer_bytes(input, consumed);
        break;
      case State::ChunkSize:
      case State::ChunkBlank:
      case State::ChunkExtension:
      case State::ChunkLineEnd:
      case State::ChunkCr:
      case State::ChunkLf:
        if (consumed == input.size()) return {Status::NeedMore, consumed, {}};
        state_ = after_framing_byte(input[consumed++]);
        break;
    }
  }
}

/// `framing` is the number of bytes at the front of the input that are no payload.
BodyReader::Step BodyReader::take_payload(std::string_view input, std::size_t framing) noexcept {
  const std::string_view payload = input.substr(framing).substr(0, left_);
  if (payload.empty()) return {Status::NeedMore, framing, {}};
  if (state_ != State::UntilClose) left_ -= payload.size();
  if (left_ == 0) state_ = state_ == State::ChunkData ? State::ChunkCr : State::Done;
  return {Status::Payload, framing + payload.size(), payload};
}

BodyReader::State BodyReader::after_framing_byte(char byte) noexcept {
  if (state_ == State::ChunkCr) return byte == '\r' ? State::ChunkLf : State::Bad;
  if (state_ == State::ChunkLf) return byte == '\n' ? State::ChunkSize : State::Bad;
  if (state_ == State::ChunkLineEnd) return byte == '\n' ? after_size_line() : State::Bad;
  if (++line_bytes_ > kMaxChunkLine) return State::Bad;
  if (state_ == State::ChunkSize) return after_size_byte(byte);
  if (byte != '\r' && ++extensions_ > kMaxExtensions) return State::Bad;
  if (state_ == State::ChunkBlank) {
    if (byte == ' ' || byte == '\t') return State::ChunkBlank;
    return byte == ';' ? State::ChunkExtension : State::Bad;
  }
  if (byte == '\r') return State::ChunkLineEnd;
  return has_control({&byte, 1}) ? State::Bad : State::ChunkExtension;
}

BodyReader::State BodyReader::after_size_byte(char byte) noexcept {
  if (const int digit = hex_value(byte); digit >= 0) {
    if (line_bytes_ > kMaxSizeDigits) return State::Bad;
    left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
    return State::ChunkSize;
  }
  if (line_bytes_ == 1) return State::Bad;  // no digit
  if (byte == '\r') return State::ChunkLineEnd;
  if (byte == ';') return State::ChunkExtension;
  return byte == ' ' || byte == '\t' ? State::ChunkBlank : State::Bad;
}

BodyReader::State BodyReader::after_size_line() noexcept {
  line_bytes_ = 0;
  return left_ == 0 ? State::Trailers : State::ChunkData;
}

BodyReader::State BodyReader::after_trailer_bytes(std::string_view input, std::size_t& consumed) {
  const std::string_view rest = input.substr(consumed);
  const std::size_t lf = rest.find('\n');
  const bool whole = lf != std::string_view::npos;
  const std::string_view part = whole ? rest.substr(0, lf + 1) : rest;
  if (part.size() > kMaxTrailers - trailers_.size()) return State::Bad;
  trailers_.append(part);
  consumed += part.size();
  return whole ? after_trailer_line() : State::Trailers;
}

BodyReader::State BodyReader::after_trailer_line() {
  std::string_view line = std::string_view(trailers_).substr(trailer_line_);
  if (!line.ends_with("\r\n")) return State::Bad;
  line.remove_suffix(2);
  if (line.empty()) {
    trailers_.resize(trailer_line_);
    return State::Done;
  }
  Header header;
  if (!parse_field_line(line, header).empty() ||
      !may_be_trailer(header.name, connection_options_)) {
    return State::Bad;
  }
  trailer_line_ = trailers_.size();
  return State::Trailers;
}

std::string_view chunk_head(std::uint64_t size, char* out) noexcept {
  char* end = std::to_chars(out, out + kChunkHeadRoom - 2, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {out, static_cast<std::size_t>(end - out)};
}

}  // namespace osproxy::http
