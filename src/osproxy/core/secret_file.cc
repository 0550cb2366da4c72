#include "osproxy/core/secret_file.h"

#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace osproxy {
namespace {

namespace fs = std::filesystem;

bool belongs_to_another(const struct stat& file) noexcept {
  return file.st_uid != 0 && file.st_uid != ::geteuid();
}

/// Everybody may write to it. In a directory with the sticky bit, others' files stay theirs.
bool is_open_to_writes(const struct stat& file) noexcept {
  const bool is_sticky = S_ISDIR(file.st_mode) && (file.st_mode & S_ISVTX) != 0;
  return (file.st_mode & S_IWOTH) != 0 && !is_sticky;
}

bool is_mounted_by_kubernetes(const fs::path& path) {
  std::error_code error;
  const fs::path target = fs::read_symlink(path, error);
  return !error && !target.empty() && *target.begin() == "..data";
}

std::vector<std::string> faults_of(const fs::path& path, bool may_be_read, const char* remedy) {
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0) return {};
  std::vector<std::string> faults;
  const auto add = [&](const char* who) { faults.push_back(std::string(who) + remedy); };
  if ((file.st_mode & S_IROTH) != 0 && !may_be_read)
    add("can be read by everybody on this machine");
  if (is_open_to_writes(file)) add("can be written by everybody on this machine");
  if (belongs_to_another(file)) {
    faults.push_back("belongs to another user (" + std::to_string(file.st_uid) +
                     "), who can read and change it; chown it");
  }
  return faults;
}

}  // namespace

std::vector<std::string> faults_of_secret(const fs::path& path) {
  return faults_of(path, is_mounted_by_kubernetes(path), "; chmod 600 it");
}

std::vector<std::string> faults_of_secret_directory(const fs::path& path) {
  return faults_of(path, false, "; chmod 700 it");
}

std::optional<std::string> fault_of_trusted(const fs::path& path) {
  struct stat file{};
  if (::lstat(path.c_str(), &file) != 0) return std::nullopt;
  if (!S_ISREG(file.st_mode)) return "it is no regular file";
  if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return "it can be written by everybody or its group: osproxy makes it with mode 0600";
  }
  if (belongs_to_another(file)) {
    return "it belongs to another user (" + std::to_string(file.st_uid) + ")";
  }
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  struct stat directory{};
  if (::stat(parent.c_str(), &directory) == 0 &&
      (is_open_to_writes(directory) || belongs_to_another(directory))) {
    return "others can replace it: chown " + parent.string() + " and chmod 700 it";
  }
  return std::nullopt;
}

}  // namespace osproxy
