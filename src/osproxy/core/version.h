// The version of this build: the project's version in CMakeLists.txt, which is the one place that
// has it.
#pragma once

namespace osproxy {

/// As in "0.1.0".
extern const char* const kVersion;

}  // namespace osproxy
