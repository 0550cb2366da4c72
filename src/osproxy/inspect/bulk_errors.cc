#include "osproxy/inspect/bulk_errors.h"

#include <cstddef>

namespace osproxy {
namespace {

/// Two times of 20 digits and the three names take about 80 bytes; `pretty` adds some spaces.
constexpr std::size_t kMost = 128;

std::string_view skip_spaces(std::string_view text) noexcept {
  const std::size_t end = text.find_first_not_of(" \t\r\n");
  return end == std::string_view::npos ? std::string_view{} : text.substr(end);
}

bool states_errors(std::string_view text) noexcept {
  constexpr std::string_view kName = "\"errors\"";
  const std::size_t at = text.find(kName);
  if (at == std::string_view::npos) return false;
  text = skip_spaces(text.substr(at + kName.size()));
  return text.starts_with(':') && skip_spaces(text.substr(1)).starts_with("true");
}

}  // namespace

bool bulk_has_errors(const BodyHead& head, std::string_view start) noexcept {
  PlainBody body(head, kMost);
  if (body.unreadable() != NotRead::None) return false;
  bool has_errors = false;
  body.feed(start, [&has_errors](std::string_view plain) {
    has_errors = states_errors(plain.substr(0, kMost));
    return false;
  });
  return has_errors;
}

}  // namespace osproxy
