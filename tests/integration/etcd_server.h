// A real etcd of one member, started by and for a test: Debian's `etcd`, or the program that the
// environment variable OSPROXY_ETCD names. A missing one is a failure.
//
// Puts and reads go through the project's transport, deletions and compactions through `etcdctl`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "tests/support/temp_dir.h"

namespace osproxy {

class EtcdServer {
 public:
  struct Options {
    std::string token = "one";  ///< another one makes another cluster
    std::vector<std::string> arguments{};
  };

  /// Starts it and waits until it serves; throws if it does not.
  EtcdServer() : EtcdServer(Options{}) {}
  explicit EtcdServer(Options options);
  ~EtcdServer();
  EtcdServer(const EtcdServer&) = delete;
  EtcdServer& operator=(const EtcdServer&) = delete;

  const std::string& endpoint() const { return endpoint_; }

  void kill();   ///< SIGKILL, if it runs; the data stays
  void start();  ///< again, on the same address and data
  /// Kills it, runs `change` while it serves at an address that the test's clients do not know, and
  /// starts it again at its address.
  void change_unseen(const std::function<void()>& change);
  void pause();                                    ///< SIGSTOP
  void unpause();                                  ///< SIGCONT
  void lose_all();                                 ///< deletes the data; must not be running
  void become_another_cluster(std::string token);  ///< lose_all(), and another cluster id from now

  std::int64_t put(const std::string& key, const std::string& value);
  void put_many(const std::string& key, const std::vector<std::string>& values);
  void remove(const std::string& key);
  void compact();  ///< the whole history up to now

 private:
  void await_ready();
  void etcdctl(const std::vector<std::string>& arguments);

  TempDir dir_;
  Options options_;
  std::string endpoint_;
  std::string peer_;
  pid_t pid_ = 0;
};

}  // namespace osproxy
