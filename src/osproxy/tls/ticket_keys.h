// The keys that encrypt the tickets of TLS sessions, replaced as time passes.
//
//   TicketKeys keys;
//   if (auto key = keys.current(clock.boot())) encrypt(ticket, *key);
//   if (auto key = keys.find(name, clock.boot())) decrypt(ticket, *key);
//
// Whoever gets a key can decrypt every TLS 1.2 connection that was resumed or begun under it, also
// one recorded earlier. So a key encrypts for one period, decrypts for one more, and is then wiped.
// OpenSSL alone keeps one key for as long as a context lives.
//
// Thread safety: every member may be called from any thread. Handshakes call them, one or two times
// each, and hold the mutex while they copy a key.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <span>

#include "osproxy/core/clock.h"

namespace osproxy {

class TicketKeys {
 public:
  static constexpr std::chrono::hours kPeriod{1};
  static constexpr std::size_t kNameBytes = 16;  // OpenSSL's

  struct Key {
    std::array<unsigned char, kNameBytes> name{};
    std::array<unsigned char, 32> cipher{};  // AES-256
    std::array<unsigned char, 32> mac{};     // HMAC-SHA-256
    bool is_current = true;                  // false: the ticket is to be renewed
  };

  TicketKeys() = default;
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  /// The key to encrypt with; nullopt if the system has no random numbers.
  std::optional<Key> current(BootTime now);

  /// The key with that name; nullopt if there is none any more.
  std::optional<Key> find(std::span<const unsigned char, kNameBytes> name, BootTime now);

 private:
  void rotate(BootTime now);

  std::mutex mutex_;
  // Guarded by mutex_.
  std::optional<Key> newest_;
  std::optional<Key> older_;
  BootTime made_{};  // when newest_ was
};

}  // namespace osproxy
