#include "osproxy/store/state_storage.h"

#include <utility>

#include "osproxy/store/state_writer.h"

namespace osproxy {
namespace {

class FileStorage final : public StateStorage {
 public:
  FileStorage(std::filesystem::path path, std::string key, const DecodeLimits& limits)
      : path_(std::move(path)), key_(std::move(key)), limits_(limits), writer_(path_) {}

  std::expected<std::optional<SavedSet>, std::string> load() override {
    return load_state(path_, key_, limits_);
  }
  void save(SavedSet set) override { writer_.save(std::move(set)); }
  std::string error() const override { return writer_.error(); }
  std::string boot_id() const override { return current_boot_id(); }

 private:
  const std::filesystem::path path_;
  const std::string key_;
  const DecodeLimits limits_;
  StateWriter writer_;
};

}  // namespace

std::unique_ptr<StateStorage> make_file_storage(const std::filesystem::path& directory,
                                                std::string key, const DecodeLimits& limits) {
  return std::make_unique<FileStorage>(directory / kStateFileName, std::move(key), limits);
}

}  // namespace osproxy
