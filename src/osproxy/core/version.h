// The version of this release. CMakeLists.txt repeats it, and a test compares the two.
#pragma once

namespace osproxy {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace osproxy
