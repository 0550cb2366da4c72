#include "osproxy/tls/ticket_keys.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/rand.h>

namespace osproxy {
namespace {

void wipe(std::optional<TicketKeys::Key>& key) noexcept {
  if (!key) return;
  OPENSSL_cleanse(key->cipher.data(), key->cipher.size());
  OPENSSL_cleanse(key->mac.data(), key->mac.size());
  key.reset();
}

std::optional<TicketKeys::Key> make_key() {
  TicketKeys::Key key;
  const auto fill = [](auto& bytes) {
    return RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
  };
  if (!fill(key.name) || !fill(key.cipher) || !fill(key.mac)) return std::nullopt;
  return key;
}

}  // namespace

TicketKeys::~TicketKeys() {
  wipe(newest_);
  wipe(older_);
}

void TicketKeys::rotate(BootTime now) {
  if (newest_ && now - made_ < kPeriod) return;
  wipe(older_);
  if (newest_ && now - made_ < 2 * kPeriod) {
    older_ = newest_;
    older_->is_current = false;
  }
  wipe(newest_);
  newest_ = make_key();
  made_ = now;
}

std::optional<TicketKeys::Key> TicketKeys::current(BootTime now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  return newest_;
}

std::optional<TicketKeys::Key> TicketKeys::find(std::span<const unsigned char, kNameBytes> name,
                                                BootTime now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  for (const auto* const key : {&newest_, &older_}) {
    if (*key && std::ranges::equal((*key)->name, name)) return *key;
  }
  return std::nullopt;
}

}  // namespace osproxy
