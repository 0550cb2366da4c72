#include "osproxy/capture/spool_files.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace osproxy {
namespace {

constexpr std::string_view kPrefix = "capture-";
constexpr std::string_view kSuffix = ".ndjson";
constexpr std::size_t kDigits = 8;  // at least, so that names sort as their numbers do

/// The last number in the file `lock`: the digits of 64 bits, and a line feed. Its size never
/// changes, so that a full disk does not matter once it is there.
constexpr std::size_t kNumberBytes = 21;

/// Enough for files that somebody has copied back.
constexpr std::size_t kMaxTakenNames = 1'000;

std::string reason_of(int error) { return std::generic_category().message(error); }

/// The number in the name of a spool file; nullopt for other names.
std::optional<std::uint64_t> number_in(std::string_view name) noexcept {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  if (name.size() < kPrefix.size() + kDigits + kSuffix.size()) return std::nullopt;
  name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

ssize_t write_to(int file, std::string_view bytes) {
  return ::write(file, bytes.data(), bytes.size());
}

/// True if the name is that of the open file.
bool is_at(int file, const std::filesystem::path& path) noexcept {
  struct stat open{};
  struct stat named{};
  return ::fstat(file, &open) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

}  // namespace

SpoolFiles::SpoolFiles(SpoolFilesOptions options)
    : options_([&] {
        if (!options.write) options.write = write_to;
        return std::move(options);
      }()) {}

SpoolFiles::~SpoolFiles() {
  close_file();
  if (lock_ >= 0) ::close(lock_);
}

std::expected<void, std::string> SpoolFiles::open() {
  const std::string name = options_.directory.string();
  if (::mkdir(name.c_str(), 0700) != 0 && errno != EEXIST) {
    return std::unexpected("cannot make the capture directory " + name + ": " + reason_of(errno));
  }
  if (auto locked = lock(); !locked) return locked;
  return find_files();
}

std::filesystem::path SpoolFiles::lock_path() const { return options_.directory / "lock"; }

/// Makes the file `lock`, if there is none, and locks it.
std::expected<void, std::string> SpoolFiles::lock() {
  if (lock_ >= 0) ::close(std::exchange(lock_, -1));
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  lock_ = ::open(lock_path().c_str(), kFlags, 0600);
  if (lock_ < 0) {
    return std::unexpected("cannot write into the capture directory " +
                           options_.directory.string() + ": " + reason_of(errno));
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  ::close(std::exchange(lock_, -1));
  return std::unexpected("the capture directory " + options_.directory.string() +
                         " is in use by another process: each process needs its own");
}

/// False if somebody has removed or replaced the locked file.
bool SpoolFiles::has_lock() const noexcept { return lock_ >= 0 && is_at(lock_, lock_path()); }

std::expected<void, std::string> SpoolFiles::find_files() {
  std::error_code error;
  std::vector<std::uint64_t> found;
  for (std::filesystem::directory_iterator at(options_.directory, error), end; !error && at != end;
       at.increment(error)) {
    if (const auto number = number_in(at->path().filename().string())) found.push_back(*number);
  }
  if (error) {
    return std::unexpected("cannot read the capture directory " + options_.directory.string() +
                           ": " + error.message());
  }
  std::ranges::sort(found);
  numbers_.assign(found.begin(), found.end());
  char digits[kNumberBytes];
  const ssize_t size = ::pread(lock_, digits, sizeof digits, 0);
  std::uint64_t kept = 0;
  if (size > 0) std::from_chars(digits, digits + size, kept);  // else: no file was ever written
  last_number_ = std::max({last_number_, kept, found.empty() ? 0 : found.back()});
  return {};
}

std::string SpoolFiles::warning() const {
  struct stat facts{};
  if (::stat(options_.directory.c_str(), &facts) != 0) return {};
  const unsigned mode = facts.st_mode & 07777U;
  const bool is_foreign = facts.st_uid != ::geteuid() && facts.st_uid != 0;
  if ((mode & 0022U) == 0 && !is_foreign) return {};
  return fmt::format(
      "other users may remove captures: the capture directory {} has mode {:04o} and the owner {}; "
      "it should have mode 0700 and belong to osproxy's user",
      options_.directory.string(), mode, facts.st_uid);
}

std::filesystem::path SpoolFiles::path_of(std::uint64_t number) const {
  std::string digits = std::to_string(number);
  digits.insert(0, kDigits - std::min(kDigits, digits.size()), '0');
  return options_.directory / std::string(kPrefix).append(digits).append(kSuffix);
}

/// Somebody has moved them: they take no room here.
void SpoolFiles::forget_missing_files() {
  std::erase_if(numbers_, [this](std::uint64_t number) {
    struct stat facts{};
    return ::lstat(path_of(number).c_str(), &facts) != 0 && errno == ENOENT;
  });
}

std::expected<void, std::string> SpoolFiles::make_room() {
  forget_missing_files();
  while (!numbers_.empty() && numbers_.size() >= options_.files) {
    const bool is_removed = ::unlink(path_of(numbers_.front()).c_str()) == 0;
    if (!is_removed && errno != ENOENT) {
      return std::unexpected("cannot remove the oldest file: " + reason_of(errno));
    }
    numbers_.pop_front();
    removed_ += is_removed ? 1U : 0U;
  }
  return {};
}

/// Before the file is made, so that no number is used twice, whoever moves files when.
std::expected<void, std::string> SpoolFiles::keep_number(std::uint64_t number) const {
  const std::string text = fmt::format("{:0{}}\n", number, kNumberBytes - 1);
  const ssize_t written = ::pwrite(lock_, text.data(), text.size(), 0);
  if (written == static_cast<ssize_t>(text.size())) return {};
  return std::unexpected(reason_of(written < 0 ? errno : ENOSPC));
}

std::expected<void, std::string> SpoolFiles::begin_file() {
  close_file();
  if (auto made = make_room(); !made) return made;
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  for (std::size_t tries = 0; file_ < 0; ++tries) {
    if (auto kept = keep_number(last_number_ + 1); !kept) return kept;
    ++last_number_;
    file_ = ::open(path_of(last_number_).c_str(), kFlags, 0600);
    // A name that somebody has made up is left to them.
    if (file_ < 0 && (errno != EEXIST || tries == kMaxTakenNames)) {
      return std::unexpected(reason_of(errno));
    }
  }
  numbers_.push_back(last_number_);
  size_ = 0;
  return {};
}

std::expected<void, std::string> SpoolFiles::append(std::string_view line) {
  if (!has_lock()) {
    close_file();  // it may be in a directory that another process has taken over
    if (auto locked = lock(); !locked) return locked;
    if (auto found = find_files(); !found) return found;
  }
  if (file_ < 0 || size_ + line.size() > options_.file_bytes || has_gone()) {
    if (auto begun = begin_file(); !begun) return begun;
  }
  for (std::string_view left = line; !left.empty();) {
    const ssize_t written = options_.write(file_, left);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = written < 0 ? errno : ENOSPC;
      cut_back();
      return std::unexpected(reason_of(error));
    }
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  size_ += line.size();
  return {};
}

/// True if somebody removed or moved the open file. A moved one is theirs.
bool SpoolFiles::has_gone() const noexcept { return !is_at(file_, path_of(last_number_)); }

/// Removes the written part of a line. If that fails, the file is closed: another line must not
/// follow a part of one.
void SpoolFiles::cut_back() noexcept {
  if (::ftruncate(file_, static_cast<off_t>(size_)) != 0) close_file();
}

void SpoolFiles::close_file() noexcept {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

}  // namespace osproxy
