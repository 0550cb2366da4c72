#include "osproxy/app/settings/setting_values.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <unistd.h>

#include "osproxy/core/duration.h"
#include "osproxy/core/field_name.h"

namespace osproxy::app {

Stored store_count(std::size_t& out, const std::string& text, std::size_t least, std::size_t most) {
  std::size_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || rest != end || value < least || value > most) {
    return std::unexpected("it must be a whole number from " + std::to_string(least) + " to " +
                           std::to_string(most));
  }
  out = value;
  return {};
}

Stored store_duration(std::chrono::milliseconds& out, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration || duration->count() == 0) {
    return std::unexpected(
        "it must be a duration greater than zero, as in 500ms, 5s or 1h30m, of at most 100 years");
  }
  out = *duration;
  return {};
}

Stored store_duration_or_none(std::chrono::milliseconds& out, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration)
    return std::unexpected("it must be a duration, as in 0s, 500ms or 5s, of at most 100 years");
  out = *duration;
  return {};
}

Stored store_address(HostPort& out, const std::string& text) {
  auto address = parse_host_port(text);
  if (!address) return std::unexpected(std::move(address).error());
  out = *std::move(address);
  return {};
}

Stored store_header_name(std::string& out, const std::string& text) {
  if (!text.empty() && !is_token(text)) {
    return std::unexpected("it must be the name of a header, as in X-Tenant-Id, or empty");
  }
  out = text;
  return {};
}

Stored store_target(std::string& out, const std::string& text) {
  constexpr std::size_t kMaxBytes = 1024;
  const auto is_visible = [](char c) { return c > ' ' && c < '\x7f' && c != '#'; };
  const bool good = text.starts_with('/') && std::ranges::all_of(text, is_visible);
  if (!text.empty() && (!good || text.size() > kMaxBytes)) {
    return std::unexpected("it must be a path, as in /_cluster/health?local=true, or empty");
  }
  out = text;
  return {};
}

Stored store_text(std::string& out, const std::string& text) {
  if (text.empty()) return std::unexpected("it must not be empty");
  out = text;
  return {};
}

Stored store_switch(bool& out, const std::string& text) {
  if (text != "on" && text != "off") return std::unexpected("it must be on or off");
  out = text == "on";
  return {};
}

Stored store_path(std::string& out, const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0) {
    return std::unexpected("it must be a file that can be read");
  }
  out = path;
  return {};
}

Stored store_record_log(std::string& out, const std::string& path) {
  if (path == "off") {
    out.clear();
    return {};
  }
  const std::filesystem::path file(path);
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  std::error_code ignored;
  const bool is_there = std::filesystem::exists(file, ignored);
  const bool good = path == "-" || (is_there ? !std::filesystem::is_directory(file, ignored) &&
                                                   ::access(path.c_str(), W_OK) == 0
                                             : ::access(folder.c_str(), W_OK | X_OK) == 0);
  if (path.empty() || !good) {
    return std::unexpected("it must be a file that can be written, - or off");
  }
  out = path;
  return {};
}

}  // namespace osproxy::app
