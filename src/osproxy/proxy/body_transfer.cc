#include "osproxy/proxy/body_transfer.h"

#include <cstring>

namespace osproxy {
namespace {

/// A payload that is copied behind its head, since that is cheaper than to send two pieces.
constexpr std::size_t kMaxCopied = 1024;

}  // namespace

Decoded decode_in_place(http::BodyReader& body, std::span<char> bytes) {
  Decoded result{.status = body.done() ? http::BodyReader::Status::Done
                                       : http::BodyReader::Status::NeedMore};
  std::size_t kept = 0;
  while (result.status != http::BodyReader::Status::Done) {
    const auto step = body.next({bytes.data() + result.consumed, bytes.size() - result.consumed});
    result.consumed += step.consumed;
    if (step.status == http::BodyReader::Status::Payload) {
      if (step.payload.data() != bytes.data() + kept) {
        std::memmove(bytes.data() + kept, step.payload.data(), step.payload.size());
      }
      kept += step.payload.size();
      continue;
    }
    result.status = step.status;
    break;
  }
  result.payload = {bytes.data(), kept};
  return result;
}

OutgoingPiece::OutgoingPiece(const Piece& piece) {
  std::string_view before;
  if (piece.chunked && !piece.payload.empty()) {
    before = http::chunk_head(piece.payload.size(), size_line_.data());
    end_ = "\r\n";
  }
  if (piece.chunked && piece.last) end_.append("0\r\n").append(piece.trailers).append("\r\n");
  std::string_view payload = piece.payload;
  if (piece.head != nullptr) {
    piece.head->append(before);
    if (payload.size() <= kMaxCopied) {
      piece.head->append(payload).append(end_);
      payload = {};
      end_.clear();
    }
    before = *piece.head;
  }
  parts_ = {asio::const_buffer(before.data(), before.size()),
            asio::const_buffer(payload.data(), payload.size()),
            asio::const_buffer(end_.data(), end_.size())};
}

std::size_t OutgoingPiece::sent_of(std::string_view payload) const noexcept {
  const bool is_with_head = parts_[1].data() == nullptr;
  if (is_with_head) return parts_[0].size() == 0 ? payload.size() : 0;  // a short one
  return payload.size() - parts_[1].size();
}

}  // namespace osproxy
