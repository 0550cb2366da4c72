// An admin listener whose answers the test writes, byte by byte if it likes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace osproxy::cli {

struct FakeRequest {
  std::string method;
  std::string target;
  std::string authorization;
  std::string if_match;
  std::string body;
};

/// An answer as it goes over the wire; see json_answer().
using FakeAnswer = std::string;

/// A whole HTTP answer. `headers` are lines that end in "\r\n".
FakeAnswer json_answer(int status, const std::string& body, const std::string& headers = "");

class FakeAdmin {
 public:
  /// Answers what `answer` returns, and closes; nullopt: says nothing until the end of the test.
  /// Called on the server's thread.
  explicit FakeAdmin(std::function<std::optional<FakeAnswer>(const FakeRequest&)> answer);
  ~FakeAdmin();

  std::string url() const;

  /// What has been asked so far.
  std::vector<FakeRequest> requests() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

/// A URL at which nothing listens.
std::string refusing_url();

}  // namespace osproxy::cli
