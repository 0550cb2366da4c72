#include "osproxy/http/body_transfer.h"

#include <array>
#include <cstring>

namespace osproxy::http {

Decoded decode_in_place(BodyReader& body, std::span<char> bytes) {
  Decoded result{.status = body.done() ? BodyReader::Status::Done : BodyReader::Status::NeedMore};
  std::size_t kept = 0;
  while (result.status != BodyReader::Status::Done) {
    const auto step = body.next({bytes.data() + result.consumed, bytes.size() - result.consumed});
    result.consumed += step.consumed;
    if (step.status == BodyReader::Status::Payload) {
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

Task<error_code> write_piece(Connection& to, Piece piece, std::chrono::milliseconds timeout) {
  std::array<char, 18> size_line;
  std::string_view before;
  std::string end;  // stays within the small string unless there are trailers
  if (piece.chunked && !piece.payload.empty()) {
    before = chunk_head(piece.payload.size(), size_line.data());
    end = "\r\n";
  }
  if (piece.chunked && piece.last) end.append("0\r\n").append(piece.trailers).append("\r\n");
  if (piece.head != nullptr) before = piece.head->append(before);
  if (before.empty() && piece.payload.empty() && end.empty()) co_return error_code{};
  co_return co_await to.write(
      std::array{asio::const_buffer(before.data(), before.size()),
                 asio::const_buffer(piece.payload.data(), piece.payload.size()),
                 asio::const_buffer(end.data(), end.size())},
      timeout);
}

}  // namespace osproxy::http
