// The product that a `User-Agent` names first (RFC 9110, section 10.1.5).
//
//   product_of("opensearch-py/2.4.0 (Python 3.11)");    // "opensearch-py/2.4.0"
//   product_name("opensearch-py/2.4.0");                // "opensearch-py"
//
// Comments and further products are left out: they describe a machine, and may hold anything.
//
// Thread safety: pure functions, which do not allocate. The results are views into the argument.
#pragma once

#include <cstddef>
#include <string_view>

namespace osproxy {

/// The longest product that is read. Those of real clients have 10 to 40 bytes.
inline constexpr std::size_t kMaxAgentBytes = 128;

/// True if `text` is a token, or several with a slash between them, of at most kMaxAgentBytes.
bool is_agent_product(std::string_view text) noexcept;

/// The first product, without a slash at its end. Empty if the text begins with anything else, or
/// the product is longer than kMaxAgentBytes.
std::string_view product_of(std::string_view user_agent) noexcept;

/// The part of a product before its version.
std::string_view product_name(std::string_view product) noexcept;

/// True if `wanted` names `product`: exactly, or any version of it if `wanted` has none.
bool names_agent(std::string_view wanted, std::string_view product) noexcept;

}  // namespace osproxy
