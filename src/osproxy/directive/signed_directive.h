// The signed single-request channel: a directive for the request that carries it, in the header
// `X-Debug-Directive: hex(json).hex(HMAC-SHA256(key, json))`, from somebody who has a key.
//
//   auto keys = DebugKeys::parse(text_of_the_file);
//   std::string header = *sign({.level = Level::ShapeTiming, .expires = …}, keys->newest());
//   auto read = read_signed(header, *keys, clock.now().wall, max_life);
//   if (!read) count(read.error());                      // SignedFault::Expired
//
// The JSON is one object: `level` and `exp` (unix seconds) are required, `id` and `ring_buffer` are
// as in the document. It is decoded as strictly as that, and only once its signature is found good.
//
// Pure; any thread. DebugKeys is a regular value, immutable once parsed.
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

/// More than the longest that sign() makes: an id of 128 bytes, each escaped.
inline constexpr std::size_t kMaxSignedBytes = 2'048;

/// A regular value.
struct SignedDirective {
  Level level = Level::Off;
  std::chrono::sys_seconds expires{};
  std::string id{};  ///< empty: none
  bool ring_buffer = false;

  friend bool operator==(const SignedDirective&, const SignedDirective&) = default;
};

/// Why one is refused. The names (`to_string`) are the labels of a metric.
enum class SignedFault : std::uint8_t {
  Repeated,      ///< the request has several such headers
  NoKey,         ///< this instance has no key
  TooLong,       ///< the header is longer than kMaxSignedBytes
  Malformed,     ///< it is not two runs of hex digits with a dot between them
  BadSignature,  ///< no key of ours has signed it
  BadJson,       ///< what was signed is not a JSON object, has unknown fields, or one twice
  BadLevel,      ///< `level` is missing or unknown
  BadExp,        ///< `exp` is missing or not an integer
  BadField,      ///< another field is not what it must be
  Expired,       ///< `exp` is past
  TooFarAhead,   ///< `exp` is further ahead than the longest life of a directive
  OverBudget,    ///< there are more of them than one directive may make records
};
inline constexpr std::size_t kSignedFaultCount = 12;

/// "bad_signature".
std::string_view to_string(SignedFault fault) noexcept;

/// The keys that may sign, as a file has them: one a line, the newest first. Empty lines and such
/// that begin with `#` are skipped.
class DebugKeys {
 public:
  static constexpr std::size_t kMinBytes =
      32;  ///< as many as the hash has; less is easier to guess
  static constexpr std::size_t kMaxBytes = 1'024;
  static constexpr std::size_t kMost = 8;  ///< each costs an HMAC a header; a rotation needs two

  /// There is none.
  DebugKeys() = default;

  /// The error names the line, and repeats nothing of it.
  static std::expected<DebugKeys, std::string> parse(std::string_view text);

  bool empty() const noexcept { return keys_.empty(); }
  std::size_t size() const noexcept { return keys_.size(); }

  /// The first; there must be one.
  std::string_view newest() const noexcept { return keys_.front(); }

  /// One of them has signed `message` with `mac`. Tries them all, whichever it is.
  bool have_signed(std::string_view message, std::string_view mac) const;

 private:
  std::vector<std::string> keys_;
};

/// What is signed.
std::string encode_signed(const SignedDirective& directive);

/// The header's value; nullopt if there is no SHA-256.
std::optional<std::string> sign(const SignedDirective& directive, std::string_view key);

/// The directive in a header's value, if it counts at `now`.
std::expected<SignedDirective, SignedFault> read_signed(std::string_view header,
                                                        const DebugKeys& keys, WallTime now,
                                                        std::chrono::seconds max_life);

}  // namespace osproxy
