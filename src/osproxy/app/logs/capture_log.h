// Makes the capture writer that the settings ask for, and logs when a directive asks for capture
// although there is no writer.
//
// CaptureLog is not thread-safe; one owner.
#pragma once

#include <memory>

#include "osproxy/app/settings/settings.h"
#include "osproxy/capture/writer.h"
#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy::app {

/// Null if the settings name no directory. The writer is not open yet.
std::unique_ptr<CaptureWriter> make_capture_writer(const Settings& settings);

class CaptureLog {
 public:
  /// Warns once, until no directive asks for capture any more. Call it if there is no writer.
  void update(const DirectiveSet& set, Now now);

 private:
  bool asked_ = false;
};

}  // namespace osproxy::app
