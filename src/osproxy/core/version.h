// The version of this release; CMakeLists.txt has it too, and a test compares them.
#pragma once

namespace osproxy {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace osproxy
