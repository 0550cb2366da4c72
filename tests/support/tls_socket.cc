#include "tests/support/tls_socket.h"

#include <array>

#include <gtest/gtest.h>

namespace osproxy {

using Status = TlsEngine::Status;

/// Reads a record with its header, whose last two bytes are the length (RFC 8446, section 5.1).
std::string TlsSocket::read_record() {
  constexpr std::size_t kHeader = 5;
  std::string record = wire_.read(kHeader);
  if (record.size() < kHeader) return {};
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(record[at]); };
  record += wire_.read(std::size_t{256} * byte(3) + byte(4));
  return record;
}

bool TlsSocket::shake_hands() {
  while (true) {
    std::string_view input = input_;
    std::string output;
    const Status status = engine_->handshake(input, output).status;
    input_.erase(0, input_.size() - input.size());
    if (!output.empty()) wire_.send(output);
    if (status != Status::NeedsInput) return status == Status::Done;
    const std::string record = read_record();
    if (record.empty()) return false;
    input_ += record;
  }
}

void TlsSocket::send(std::string_view plaintext) {
  std::string output;
  ASSERT_TRUE(engine_->write(plaintext, output));
  wire_.send(output);
}

/// Decrypts a record; NeedsInput if the connection has ended.
Status TlsSocket::read_more() {
  while (true) {
    std::array<char, 16 * 1024> room;
    std::string_view input = input_;
    std::string output;
    const auto step = engine_->read(input, room, output);
    input_.erase(0, input_.size() - input.size());
    received_.append(room.data(), step.size);
    if (step.status != Status::NeedsInput) return step.status;
    const std::string record = read_record();
    if (record.empty()) return Status::NeedsInput;
    input_ += record;
  }
}

std::string TlsSocket::read(std::size_t size) {
  while (received_.size() < size && read_more() == Status::Done) {
  }
  std::string bytes = received_.substr(0, size);
  received_.erase(0, bytes.size());
  return bytes;
}

void TlsSocket::expect(std::string_view expected) { EXPECT_EQ(read(expected.size()), expected); }

void TlsSocket::expect_end() {
  EXPECT_EQ(read_more(), Status::Ended);
  EXPECT_EQ(received_, "");
}

std::string TlsSocket::read_to_cut() {
  Status status = Status::Done;
  while (status == Status::Done) status = read_more();
  EXPECT_EQ(status, Status::NeedsInput) << "no cut, but an end in order or an alert";
  return std::exchange(received_, {});
}

void TlsSocket::end() {
  std::string output;
  engine_->close(output);
  wire_.send(output);
}

}  // namespace osproxy
