// A store that reads the document from a file: for one machine, configuration management, or a
// mounted volume.
//
//   auto store = FileDirectiveStore::open({.path = "/etc/osproxy/directives.json"}, clock);
//
// It reads the file once a second and applies it when its bytes differ. Replace the file by
// rename(2), as editors and configuration management do: a half-written file is rejected like any
// malformed document, and the last good set stays until the next read. A missing file means that
// everything is off, like a deleted key.
//
// It polls, since inotify sees no changes on network file systems, nor through the symbolic links
// of a mounted Kubernetes volume.
//
// Thread safety: every member may be called from any thread. The store owns one thread; the
// destructor stops and joins it.
#pragma once

#include <condition_variable>
#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "osproxy/store/directive_store.h"
#include "osproxy/store/document_applier.h"

namespace osproxy {

struct FileStoreOptions {
  std::filesystem::path path;
  DecodeLimits limits{};
  std::chrono::milliseconds poll_interval{1000};
};

class FileDirectiveStore final : public DirectiveStore {
 public:
  /// Reads the file once and starts to poll it. `clock` must outlive the store. Fails, with a
  /// message that names the path, if the file exists and cannot be read. A missing file is an empty
  /// set; a malformed one is an empty set with a visible rejection.
  static std::expected<std::unique_ptr<FileDirectiveStore>, std::string> open(
      FileStoreOptions options, const Clock& clock);

  ~FileDirectiveStore() override;

  // DirectiveStore. The revision counts the changes seen; `Suspect` means that the file cannot be
  // read at the moment.
  const SnapshotCell<DirectiveSet>& cell() const noexcept override { return applier_.cell(); }
  StoreStatus status() const override;

 private:
  FileDirectiveStore(FileStoreOptions options, const Clock& clock);

  void poll();
  void run(const std::stop_token& stop);
  void set_state(StoreState state, std::string reason);
  std::expected<std::optional<std::string>, std::string> read() const;

  const FileStoreOptions options_;
  const Clock& clock_;

  mutable std::mutex mutex_;
  DocumentApplier applier_;  // guarded by mutex_, except cell()
  StoreStatus status_;       // guarded by mutex_; `rejected` is the applier's
  BootTime verified_at_;     // guarded by mutex_; start of the last successful read

  std::optional<std::string> seen_;  // the bytes applied last; owned by the polling thread

  std::condition_variable_any wake_;
  std::jthread thread_;  // last: stops and joins before the other members go
};

}  // namespace osproxy
