// A running server between a test's raw client and its raw upstream, with a recorder that keeps
// everything.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/observe/recorder.h"
#include "osproxy/proxy/server.h"
#include "osproxy/snapshot/snapshot.h"
#include "tests/proxy/dialog.h"
#include "tests/support/raw_socket.h"

namespace osproxy {

/// Keeps what a worker reports. Any thread.
class KeepingRecorder final : public Recorder {
 public:
  void count(const RequestSample& sample) noexcept override;
  std::uint32_t in_force(const DirectiveSet::Pointer&) noexcept override { return 1; }
  void matched(const MatchedRequest& request) noexcept override;
  void record(Record record, bool ring_buffer) noexcept override;
  void refuse(std::uint64_t directives) noexcept override;
  void count_signed(std::optional<SignedFault> fault) noexcept override;

  /// What each request came to that was matched against directives: recorded or not.
  std::vector<bool> judgements();

  /// Waits until `size` requests have been counted, and returns them all.
  std::vector<RequestSample> await_samples(std::size_t size);

  /// Waits until `size` requests have been recorded, and returns them all.
  std::vector<Record> await_records(std::size_t size);

  std::vector<Record> records();
  int ring_records();
  std::uint64_t refused();
  std::vector<std::optional<SignedFault>> signed_directives();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RequestSample> samples_;  // guarded by mutex_, as are the others
  std::vector<Record> records_;
  int ring_records_ = 0;
  std::uint64_t refused_ = 0;
  std::vector<bool> judgements_;
  std::vector<std::optional<SignedFault>> signed_directives_;
};

/// What the stages that a record names took, all together.
std::chrono::microseconds sum_of(const StageTimes& times);

class ProxyTest : public testing::Test {
 protected:
  ProxyTest();
  ~ProxyTest() override;

  /// Starts the server; change `options` before. One upstream, and one worker, unless told
  /// otherwise.
  void start();

  /// The same, for a test in which it fails.
  std::expected<std::unique_ptr<Server>, std::string> try_start();

  /// A new client connection.
  RawConnection client() { return RawConnection::connect(server->address().port); }

  /// A new client, who talks to `upstream` through the server.
  Dialog dialog() {
    return Dialog(client(), [this] { return upstream.accept(); });
  }

  /// Selects every request from now on; more fields of the directive by `change`.
  void select_all(Level level = Level::Shape, void (*change)(Directive&) = nullptr);

  RawListener upstream;
  ServerOptions options;
  KeepingRecorder recorder;
  SystemClock clock;
  const Clock* time = &clock;  ///< what the server goes by
  LifeLedger ledger;
  SnapshotCell<DirectiveSet> directives{DirectiveSet::empty_set()};
  std::unique_ptr<UpstreamStats> stats;  // of the server that start() has started
  std::unique_ptr<Server> server;
};

}  // namespace osproxy
