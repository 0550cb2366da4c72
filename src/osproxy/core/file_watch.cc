#include "osproxy/core/file_watch.h"

#include <utility>

#include <sys/stat.h>

namespace osproxy {

FileWatch::FileWatch(std::vector<std::string> paths) : paths_(std::move(paths)), seen_(states()) {}

bool FileWatch::has_changed() { return std::exchange(seen_, states()) != seen_; }

std::vector<FileWatch::State> FileWatch::states() const {
  std::vector<State> states;
  states.reserve(paths_.size());
  for (const std::string& path : paths_) states.push_back(state_of(path));
  return states;
}

FileWatch::State FileWatch::state_of(const std::string& path) {
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0) return {};
  return {static_cast<std::int64_t>(file.st_dev),
          static_cast<std::int64_t>(file.st_ino),
          static_cast<std::int64_t>(file.st_size),
          static_cast<std::int64_t>(file.st_mtim.tv_sec),
          static_cast<std::int64_t>(file.st_mtim.tv_nsec),
          static_cast<std::int64_t>(file.st_ctim.tv_sec),
          static_cast<std::int64_t>(file.st_ctim.tv_nsec)};
}

}  // namespace osproxy
