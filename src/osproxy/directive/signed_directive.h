// A signed directive for the single request that carries it, in the header
// `X-Debug-Directive: hex(json).hex(HMAC-SHA256(key, json))`.
//
//   auto keys = DebugKeys::parse(key_file_text);
//   const SignedDirective directive{.level = Level::ShapeTiming, .expires = soon};
//   std::string header = *sign(directive, keys->newest());
//   auto read = read_signed(header, *keys, clock.now().wall, max_life);
//   if (!read) count(read.error());    // SignedFault::Expired
//
// The JSON is one object: `level` and `exp` (Unix seconds) are required, `id` and `ring_buffer` are
// those of the document. The decoder is as strict as the document's, and runs only once the
// signature is found good.
//
// Thread safety: pure functions. DebugKeys is a regular value, immutable once parsed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/model.h"

namespace osproxy {

inline constexpr std::string_view kSignedHeader = "X-Debug-Directive";

/// Larger than the longest header that sign() makes, with an id of 128 bytes, each escaped.
inline constexpr std::size_t kMaxSignedBytes = 2'048;

/// A regular value.
struct SignedDirective {
  Level level = Level::Off;
  std::chrono::sys_seconds expires{};
  std::string id{};  ///< empty: none
  bool ring_buffer = false;

  friend bool operator==(const SignedDirective&, const SignedDirective&) = default;
};

/// Why a signed directive is refused. The names (`to_string`) are the labels of a metric.
enum class SignedFault : std::uint8_t {
  Repeated,      ///< the request has several such headers
  NoKey,         ///< this instance has no key
  TooLong,       ///< the header is longer than kMaxSignedBytes
  Malformed,     ///< it is not two runs of hex digits with a dot between them
  BadSignature,  ///< no key of this instance has signed it
  BadJson,       ///< the signed text is not a JSON object, or has an unknown or a duplicate field
  BadLevel,      ///< `level` is missing or unknown
  BadExp,        ///< `exp` is missing or not an integer
  BadField,      ///< another field has a wrong type or value
  Expired,       ///< `exp` is past
  TooFarAhead,   ///< `exp` is further ahead than the longest life of a directive
  OverBudget,    ///< they exceed the budget of one directive
};
inline constexpr std::size_t kSignedFaultCount = 12;

/// "bad_signature".
std::string_view to_string(SignedFault fault) noexcept;

/// The keys that may sign, one on each line of a file, the newest first. Empty lines and lines that
/// begin with `#` are skipped.
class DebugKeys {
 public:
  /// The size of the hash; a shorter key is easier to guess.
  static constexpr std::size_t kMinBytes = 32;
  static constexpr std::size_t kMaxBytes = 1'024;
  /// Each key costs an HMAC for each header; a rotation needs two.
  static constexpr std::size_t kMost = 8;

  /// Has no key.
  DebugKeys() = default;

  /// The error names the line, and contains nothing of it.
  static std::expected<DebugKeys, std::string> parse(std::string_view text);

  bool empty() const noexcept { return keys_.empty(); }
  std::size_t size() const noexcept { return keys_.size(); }

  /// The first key; there must be one.
  std::string_view newest() const noexcept { return keys_.front(); }

  /// True if one of the keys has signed `message` with `mac`. Tries all of them, so that the time
  /// does not show which.
  bool have_signed(std::string_view message, std::string_view mac) const;

 private:
  std::vector<std::string> keys_;
};

/// Returns the JSON that is signed.
std::string encode_signed(const SignedDirective& directive);

/// Returns the header's value; nullopt if there is no SHA-256.
std::optional<std::string> sign(const SignedDirective& directive, std::string_view key);

/// Reads the directive in a header's value, and checks its signature and its life at `now`.
std::expected<SignedDirective, SignedFault> read_signed(std::string_view header,
                                                        const DebugKeys& keys, WallTime now,
                                                        std::chrono::seconds max_life);

}  // namespace osproxy
