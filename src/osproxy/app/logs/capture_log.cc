#include "osproxy/app/logs/capture_log.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace osproxy::app {

std::unique_ptr<CaptureWriter> make_capture_writer(const Settings& settings) {
  if (settings.capture.files.directory.empty()) return nullptr;
  CaptureOptions options = settings.capture;
  options.tell = [](const std::string& sentence) { spdlog::warn("{}", sentence); };
  return std::make_unique<CaptureWriter>(std::move(options));
}

void CaptureLog::update(const DirectiveSet& set, Now now) {
  const bool asked = asks_for_capture(set, now);
  if (asked && !asked_) {
    spdlog::warn(
        "a directive asks for capture, but nothing is captured here: --capture-dir is not set");
  }
  asked_ = asked;
}

}  // namespace osproxy::app
