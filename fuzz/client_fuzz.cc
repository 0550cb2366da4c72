// Reads the input as the first bytes of a connection with the PROXY protocol, and as the headers
// that name a client. The pieces that the bytes come in do not change what is read, no byte after a
// header is taken, and a client's address has one text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/agent_product.h"
#include "osproxy/core/cidr.h"
#include "osproxy/identify/forwarded_client.h"
#include "osproxy/net/proxy_protocol.h"

namespace {

using namespace osproxy;
using State = ProxyHeaderReader::State;

void require(bool holds) {
  if (!holds) std::abort();
}

/// How many bytes the header took.
std::size_t read(std::string_view bytes, std::size_t piece, ProxyHeaderReader& reader) {
  std::size_t taken = 0;
  while (reader.state() == State::Incomplete && taken < bytes.size()) {
    const std::size_t size = std::min({reader.wanted(), piece, bytes.size() - taken});
    require(size > 0 && reader.wanted() <= ProxyHeaderReader::kMaxWanted);
    reader.take(bytes.substr(taken, size));
    taken += size;
  }
  return taken;
}

void check_proxy_header(std::string_view bytes) {
  ProxyHeaderReader whole;
  ProxyHeaderReader slow;
  const std::size_t taken = read(bytes, bytes.size(), whole);
  const std::size_t taken_slowly = read(bytes, 1, slow);
  require(whole.state() == slow.state());
  if (whole.state() != State::Complete) return;
  require(taken == taken_slowly && whole.client() == slow.client());
}

void check_forwarded(std::string_view name, std::string_view value) {
  static const std::vector<Cidr> trusted{parse_cidr("10.0.0.0/8").value()};
  const ClientAddress connection{.text = "10.0.0.5", .address = IpAddress::of_v4({10, 0, 0, 5})};
  const auto find = [&](const std::string& sent) {
    http::RequestHead head;
    head.headers.push_back({.name = name, .value = sent, .line = {}});
    std::string scratch;
    const ClientAddress found = forwarded_client(head, connection, trusted, scratch);
    require(found.address.to_string() == found.text);
    return std::string(found.text);
  };
  find(std::string(value));
  // Whatever a client claims, the proxy's element counts.
  const bool is_forwarded = name == "Forwarded";
  require(find(std::string(value) + (is_forwarded ? ", for=192.0.2.9" : ", 192.0.2.9")) ==
          "192.0.2.9");
}

void check_block(std::string_view text) {
  const auto block = parse_cidr(text);
  if (!block) return;
  require(parse_cidr(to_string(*block)) == block && block->contains(block->first));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  check_proxy_header(bytes);
  check_forwarded("Forwarded", bytes);
  check_forwarded("X-Forwarded-For", bytes);
  check_block(bytes);
  const std::string_view product = product_of(bytes);
  require(product.empty() || (is_agent_product(product) && bytes.starts_with(product)));
  return 0;
}
