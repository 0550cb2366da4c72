#include "osproxy/app/config_check.h"

#include <algorithm>
#include <cerrno>
#include <expected>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "osproxy/admin/admin_server.h"
#include "osproxy/app/settings/identity_files.h"
#include "osproxy/app/settings/tls_files.h"
#include "osproxy/core/address.h"
#include "osproxy/core/read_file.h"
#include "osproxy/directive/decode.h"

namespace osproxy::app {
namespace {

namespace fs = std::filesystem;

std::string reason_of(int error) { return std::generic_category().message(error); }

std::expected<void, std::string> check_writable(const char* setting, const fs::path& directory) {
  std::error_code error;
  const auto facts = fs::status(directory, error);
  if (facts.type() == fs::file_type::not_found) {
    return std::unexpected(fmt::format("--{}: {} does not exist", setting, directory.string()));
  }
  if (error) {
    return std::unexpected(
        fmt::format("--{}: {}: {}", setting, directory.string(), error.message()));
  }
  if (!fs::is_directory(facts)) {
    return std::unexpected(fmt::format("--{}: {} is no directory", setting, directory.string()));
  }
  if (::access(directory.c_str(), W_OK | X_OK) != 0) {
    return std::unexpected(
        fmt::format("--{}: cannot write to {}: {}", setting, directory.string(), reason_of(errno)));
  }
  return {};
}

fs::path parent_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

bool is_missing(const fs::path& path) {
  std::error_code error;
  return fs::status(path, error).type() == fs::file_type::not_found;
}

/// The spool makes its directory, but not those above it.
std::expected<void, std::string> check_capture_dir(const fs::path& directory) {
  if (directory.empty()) return {};
  return check_writable("capture-dir", is_missing(directory) ? parent_of(directory) : directory);
}

/// The store makes this directory and those above it.
std::expected<void, std::string> check_state_dir(fs::path directory) {
  if (directory.empty()) return {};
  while (is_missing(directory) && directory != parent_of(directory)) {
    directory = parent_of(directory);
  }
  return check_writable("etcd-state-dir", directory);
}

/// A document that is not there yet is an empty one, and a malformed one does not keep the program
/// from starting. Who checks a configuration wants to know both.
std::expected<void, std::string> check_directives_file(const fs::path& file,
                                                       const DecodeLimits& limits) {
  const auto text = read_file(file.string(), limits.max_bytes);
  if (!text) {
    return std::unexpected(fmt::format("--directives-file: {} {}", file.string(), text.error()));
  }
  const auto document = decode_document(*text, limits);
  if (document) return {};
  const auto& [fault, where] = document.error();
  return std::unexpected(fmt::format("--directives-file: {} is malformed: {}{}{}", file.string(),
                                     to_string(fault), where.empty() ? "" : " at ", where));
}

bool are_same_place(const HostPort& one, const HostPort& other) {
  return one.port != 0 && one.port == other.port && one.host == other.host;
}

class Check {
 public:
  Check(const Settings& settings, const Clock& clock) : settings_(settings), clock_(clock) {}

  ConfigCheck run() && {
    check_listeners();
    check_places();
    check_document();
    fail_on(read_fleet_ca(settings_.admin));
    warn_of_certificates();
    warn(secret_file_warnings(settings_));
    warn(settings_.otlp.warnings);
    return std::move(found_);
  }

 private:
  template <typename T>
  void fail_on(const std::expected<T, std::string>& done) {
    if (!done) found_.errors.push_back(done.error());
  }
  void warn(std::vector<std::string> sentences) {
    std::ranges::move(sentences, std::back_inserter(found_.warnings));
  }

  void check_listeners() {
    const AdminSettings& admin = settings_.admin;
    if (are_same_place(settings_.server.listen, admin.listen)) {
      found_.errors.push_back(
          fmt::format("--listen and --admin-listen are both {}", admin.listen.to_string()));
    }
    if (admin.tls.pairs.empty() && !is_loopback(admin.listen.host)) {
      found_.warnings.emplace_back(admin::kPlainBeyondLoopback);
    }
  }

  void check_places() {
    fail_on(check_capture_dir(settings_.capture.files.directory));
    fail_on(check_state_dir(settings_.document.etcd.state_dir));
  }

  void check_document() {
    const fs::path& file = settings_.document.file;
    if (file.empty()) return;
    if (is_missing(file)) {
      found_.warnings.push_back(
          fmt::format("--directives-file: {} does not exist: everything is off", file.string()));
      return;
    }
    fail_on(check_directives_file(file, settings_.document.limits));
  }

  void warn_of_certificates() {
    const WallTime now = clock_.now().wall;
    if (const auto contexts = read_tls_contexts(settings_)) warn(expiry_warnings(*contexts, now));
    if (const auto context = read_admin_tls(settings_.admin)) warn(expiry_warnings(*context, now));
  }

  const Settings& settings_;
  const Clock& clock_;
  ConfigCheck found_{};
};

}  // namespace

ConfigCheck check_config(const Settings& settings, const Clock& clock) {
  return Check(settings, clock).run();
}

}  // namespace osproxy::app
