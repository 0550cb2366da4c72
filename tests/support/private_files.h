// Runs a function in a process to which other files seem to be in /etc, for a death test. Its
// network has nothing but loopback, and is not shared: so the function may listen on port 53.
//
//   GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process without other threads
//   const std::string hosts = "127.0.0.1 a.test\n";
//   EXPECT_EXIT(exit_with_files({{"/etc/hosts", hosts}}, [] { return finds("a.test"); }),
//               testing::ExitedWithCode(0), "");
#pragma once

#include <functional>
#include <map>
#include <string>

namespace osproxy {

/// If not, the machine forbids it: such a test is to be skipped.
bool can_replace_files();

/// `files` maps the path of a file to its text. Ends the process, with code 0 if `body`
/// returns true.
[[noreturn]] void exit_with_files(const std::map<std::string, std::string>& files,
                                  const std::function<bool()>& body);

}  // namespace osproxy
