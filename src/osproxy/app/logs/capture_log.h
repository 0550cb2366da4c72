// The spool that the settings ask for, and a log line when directives ask for one that is not
// there.
//
// Not thread-safe: one owner each.
#pragma once

#include <memory>

#include "osproxy/app/settings/settings.h"
#include "osproxy/capture/writer.h"
#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy::app {

/// Null if they ask for none. Not yet open.
std::unique_ptr<CaptureWriter> make_capture_spool(const Settings& settings);

class CaptureLog {
 public:
  /// Warns once for as long as some directive asks for capture; call where there is no spool.
  void look(const DirectiveSet& set, Now now);

 private:
  bool asked_ = false;
};

}  // namespace osproxy::app
