// An admin listener whose responses the test writes, byte by byte if it likes.
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
  std::string instance;  ///< of Osproxy-Instance, as it came
  std::string body;
};

/// A response as it goes over the wire; see json_response().
using FakeResponse = std::string;

/// A whole HTTP response. `headers` are lines that end in "\r\n".
FakeResponse json_response(int status, const std::string& body, const std::string& headers = "");

class FakeAdmin {
 public:
  /// Answers what `response` returns, and closes; nullopt: says nothing until the end of the test.
  /// Called on the server's thread.
  explicit FakeAdmin(std::function<std::optional<FakeResponse>(const FakeRequest&)> response);
  ~FakeAdmin();

  std::string url() const;

  /// The requests so far.
  std::vector<FakeRequest> requests() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

/// A URL at which nothing listens.
std::string refusing_url();

}  // namespace osproxy::cli
