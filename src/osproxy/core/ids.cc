#include "osproxy/core/ids.h"

#include <algorithm>
#include <cstdint>

namespace osproxy {
namespace {

void fill_with_hex(std::string& id, Random& random) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (i % 16 == 0) bits = random.next();
    id[i] = kHex[bits & 0xf];
    bits >>= 4;
  }
}

// An id of zeros stands for none.
std::string random_id(std::size_t size, Random& random) {
  std::string id(size, '0');
  fill_with_hex(id, random);
  if (id.find_first_not_of('0') == id.npos) id.back() = '1';
  return id;
}

}  // namespace

void make_request_id(Random& random, std::string& id) {
  id.resize(kRequestIdSize);
  fill_with_hex(id, random);
}

std::string make_trace_id(Random& random) { return random_id(kRequestIdSize, random); }

std::string make_span_id(Random& random) { return random_id(16, random); }

bool is_well_formed_request_id(std::string_view id) noexcept {
  constexpr auto kAllowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '-';
  };
  return !id.empty() && id.size() <= kMaxRequestIdSize && std::ranges::all_of(id, kAllowed);
}

}  // namespace osproxy
