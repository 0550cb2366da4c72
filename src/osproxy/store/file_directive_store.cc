#include "osproxy/store/file_directive_store.h"

#include <fstream>
#include <system_error>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace osproxy {
namespace {

std::string describe(const std::filesystem::path& path, std::string_view what) {
  return fmt::format("{}: {}", path.string(), what);
}

}  // namespace

std::expected<std::unique_ptr<FileDirectiveStore>, std::string> FileDirectiveStore::open(
    FileStoreOptions options, const Clock& clock) {
  std::unique_ptr<FileDirectiveStore> store(new FileDirectiveStore(std::move(options), clock));
  store->poll();
  if (const StoreStatus status = store->status(); status.state != StoreState::Synced) {
    return std::unexpected(status.reason);
  }
  store->thread_ =
      std::jthread([raw = store.get()](const std::stop_token& stop) { raw->run(stop); });
  return store;
}

FileDirectiveStore::FileDirectiveStore(FileStoreOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), applier_(options_.limits, clock) {
  status_.since = clock_.now().wall;
}

FileDirectiveStore::~FileDirectiveStore() = default;

StoreStatus FileDirectiveStore::status() const {
  const std::lock_guard lock(mutex_);
  StoreStatus status = status_;
  status.rejected = applier_.rejected();
  if (status.state != StoreState::Connecting) {
    status.verified_age = clock_.boot() - verified_at_;
  }
  return status;
}

void FileDirectiveStore::run(const std::stop_token& stop) {
  std::mutex idle;
  std::unique_lock lock(idle);
  while (!wake_.wait_for(lock, stop, options_.poll_interval,
                         [&stop] { return stop.stop_requested(); })) {
    poll();
  }
}

void FileDirectiveStore::poll() {
  const BootTime started = clock_.boot();
  auto bytes = read();
  if (!bytes) return set_state(StoreState::Suspect, std::move(bytes).error());
  if (*bytes != seen_) {
    const std::lock_guard lock(mutex_);
    ++status_.revision;
    if (*bytes) {
      std::ignore = applier_.apply(**bytes, status_.revision);  // status() shows a rejection
    } else {
      applier_.clear();
    }
    seen_ = *std::move(bytes);
  }
  set_state(StoreState::Synced, {});
  const std::lock_guard lock(mutex_);
  verified_at_ = started;
}

void FileDirectiveStore::set_state(StoreState state, std::string reason) {
  const std::lock_guard lock(mutex_);
  if (status_.state != state) status_.since = clock_.now().wall;
  status_.state = state;
  status_.reason = std::move(reason);
}

/// The file's bytes, at most one more than the decoder accepts (enough for it to say `too_large`);
/// nullopt if there is no file.
std::expected<std::optional<std::string>, std::string> FileDirectiveStore::read() const {
  std::error_code error;
  const auto type = std::filesystem::status(options_.path, error).type();
  if (type == std::filesystem::file_type::not_found) return std::nullopt;
  if (error) return std::unexpected(describe(options_.path, error.message()));
  if (type != std::filesystem::file_type::regular) {
    return std::unexpected(describe(options_.path, "not a regular file"));
  }
  std::ifstream file(options_.path, std::ios::binary);
  if (!file) return std::unexpected(describe(options_.path, "cannot be opened for reading"));
  std::string bytes(options_.limits.max_bytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) return std::unexpected(describe(options_.path, "cannot be read"));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

}  // namespace osproxy
