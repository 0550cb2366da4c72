#include "osproxy/core/agent_product.h"

#include "osproxy/core/field_name.h"

namespace osproxy {
namespace {

/// The length of the tokens at the front, each after the first with a slash before it.
std::size_t product_length(std::string_view text) noexcept {
  std::size_t length = token_length(text);
  while (length > 0 && length < text.size() && text[length] == '/') {
    const std::size_t next = token_length(text.substr(length + 1));
    if (next == 0) break;
    length += 1 + next;
  }
  return length;
}

}  // namespace

bool is_agent_product(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxAgentBytes && product_length(text) == text.size();
}

std::string_view product_of(std::string_view user_agent) noexcept {
  const std::size_t length = product_length(user_agent.substr(0, kMaxAgentBytes + 1));
  if (length > kMaxAgentBytes) return {};
  const std::string_view rest = user_agent.substr(length);
  const std::string_view ended = rest.starts_with('/') ? rest.substr(1) : rest;
  const bool is_whole = ended.empty() || std::string_view(" \t(;,").contains(ended.front());
  return is_whole ? user_agent.substr(0, length) : std::string_view{};
}

std::string_view product_name(std::string_view product) noexcept {
  return product.substr(0, product.find('/'));
}

bool names_agent(std::string_view wanted, std::string_view product) noexcept {
  return wanted == product || (!product.empty() && wanted == product_name(product));
}

}  // namespace osproxy
