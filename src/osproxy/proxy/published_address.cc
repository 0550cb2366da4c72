#include "osproxy/proxy/published_address.h"

#include <array>

#include "osproxy/core/json_writer.h"
#include "osproxy/inspect/json_scanner.h"
#include "osproxy/inspect/media_type.h"

namespace osproxy {
namespace {

using Token = JsonScanner::Token;

/// Of a body with its framing, so that tiny chunks do not multiply what is held.
constexpr std::size_t kMaxReceived = 2 * kMaxNodesBody;

/// Objects on the way to an address: the response, its nodes, one of them, and that one's `http`.
constexpr std::size_t kAddressDepth = 4;

/// Follows the keys of a document to the addresses.
class AddressPath {
 public:
  void open(std::size_t depth) noexcept {
    if (depth <= kAddressDepth) is_step_[depth - 1] = false;
  }

  void key(std::size_t depth, std::string_view name) noexcept {
    if (depth <= kAddressDepth) is_step_[depth - 1] = is_step(depth, name);
  }

  /// The value at `depth` that begins, or has just ended, is an address or a list of them.
  bool is_at_address(std::size_t depth) const noexcept {
    return depth == kAddressDepth && is_step_ == std::array{true, true, true, true};
  }

 private:
  static bool is_step(std::size_t depth, std::string_view name) noexcept {
    switch (depth) {
      case 1:
        return name == "nodes";
      case 2:
        return true;  // the node's id
      case 3:
        return name == "http";
      default:
        return name == "publish_address" || name == "bound_address";
    }
  }

  std::array<bool, kAddressDepth> is_step_{};  // the open object's last key leads to an address
};

}  // namespace

std::optional<std::string> replace_addresses(std::string_view body, std::string_view address) {
  const std::string text = json_string(address);
  std::string replaced;
  std::size_t copied = 0;  // of the body
  const auto replace = [&](std::size_t begin, std::size_t end, std::string_view by) {
    replaced.append(body.substr(copied, begin - copied)).append(by);
    copied = end;
  };
  JsonScanner scanner;
  AddressPath path;
  std::size_t list = 0;  // where the last list of addresses began
  std::string_view rest = body;
  while (true) {
    const Token token = scanner.next(rest);
    const std::size_t depth = scanner.depth();
    const std::size_t at = body.size() - rest.size();
    if (token == Token::NeedMore) break;
    if (token == Token::Malformed || token == Token::TooDeep) return std::nullopt;
    if (token == Token::BeginArray && path.is_at_address(depth - 1)) list = at - 1;
    if (token == Token::BeginArray || token == Token::BeginObject) path.open(depth);
    if (token == Token::Key) path.key(depth, scanner.text());
    if (!path.is_at_address(depth)) continue;
    if (token == Token::String) replace(at - scanner.size() - 2, at, text);
    if (token == Token::EndArray) replace(list, at, "[" + text + "]");
    if (replaced.size() > 2 * kMaxNodesBody) return std::nullopt;
  }
  if (scanner.finish() != Token::End) return std::nullopt;
  replaced.append(body.substr(copied));
  return replaced;
}

WholeBody::WholeBody(const http::ResponseHead& head) : reader_(head) {
  const bool has_end =
      head.framing == http::Framing::Length || head.framing == http::Framing::Chunked;
  const bool is_plain = coding_of(http::find_header(head, "Content-Encoding")) == Coding::None &&
                        is_json(http::find_header(head, "Content-Type"));
  if (!has_end || !is_plain || head.content_length > kMaxNodesBody) state_ = State::Unfit;
}

WholeBody::State WholeBody::take(std::string_view bytes) {
  while (state_ == State::Incomplete) {
    const auto step = reader_.next(bytes);
    bytes.remove_prefix(step.consumed);
    received_ += step.consumed;
    payload_.append(step.payload);
    const bool is_too_large = payload_.size() > kMaxNodesBody || received_ > kMaxReceived;
    switch (step.status) {
      case http::BodyReader::Status::NeedMore:
      case http::BodyReader::Status::Payload:
        if (is_too_large) state_ = State::Unfit;
        break;
      case http::BodyReader::Status::Done:
        state_ = is_too_large ? State::Unfit : State::Whole;
        break;
      case http::BodyReader::Status::Bad:
        state_ = State::Unfit;
        break;
    }
    if (step.status == http::BodyReader::Status::NeedMore) break;
  }
  return state_;
}

}  // namespace osproxy
