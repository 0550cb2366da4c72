// Runs a function in a process to which other files seem to be in /etc, and which has a network
// of its own with nothing but loopback, for a death test. So it may listen on port 53.
//
//   if (!can_replace_files()) GTEST_SKIP() << "needs namespaces";
//   GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process without other threads
//   EXPECT_EXIT(exit_with_files({{"/etc/hosts", "127.0.0.1 a.test\n"}}, [] { return f("a.test"); }),
//               testing::ExitedWithCode(0), "");
#pragma once

#include <functional>
#include <map>
#include <string>

namespace osproxy {

/// This process may have namespaces of its own.
bool can_replace_files();

/// `files` maps the path of a file that exists to its text. Ends the process, with code 0 if `body`
/// returns true.
[[noreturn]] void exit_with_files(const std::map<std::string, std::string>& files,
                                  const std::function<bool()>& body);

}  // namespace osproxy
