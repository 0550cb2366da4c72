// A running server between a client and a node of the test, with a recorder that keeps everything.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <expected>
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

/// Keeps every report of a worker. Thread-safe.
class KeepingRecorder final : public Recorder {
 public:
  void count(const RequestSample& sample) noexcept override;
  std::uint32_t in_force(const DirectiveSet::Pointer&) noexcept override { return 1; }
  void matched(const MatchedRequest& request) noexcept override;
  void record(Record record, bool ring_buffer) noexcept override;
  void refuse(std::uint64_t directives) noexcept override;
  void count_signed(std::optional<SignedFault> fault) noexcept override;

  /// For each request that was matched against directives, whether it was selected in the end.
  std::vector<bool> decisions();

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
  std::vector<bool> decisions_;
  std::vector<std::optional<SignedFault>> signed_directives_;
};

/// The sum of the times of all stages in a record.
std::chrono::microseconds sum_of(const StageTimes& times);

class ProxyTest : public testing::Test {
 protected:
  ProxyTest();
  ~ProxyTest() override;

  /// Starts the server. A test changes `options` before; without a change there is one node,
  /// `upstream`, and one worker, which adds no `Date`, so that a test knows each byte.
  void start();

  /// The same, but returns an error instead of failing the test.
  std::expected<std::unique_ptr<Server>, std::string> try_start();

  /// A new client connection.
  RawConnection client() { return RawConnection::connect(server->address().port); }

  /// A new client that talks to `upstream` through the server.
  Dialog dialog() {
    return Dialog(client(), [this] { return upstream.accept(); });
  }

  /// Selects every request from now on; `change` sets more fields of the directive.
  void select_all(Level level = Level::Shape, void (*change)(Directive&) = nullptr);

  RawListener upstream;
  ServerOptions options;
  KeepingRecorder recorder;
  SystemClock clock;
  const Clock* time = &clock;  ///< the server's clock
  LifeLedger ledger;
  SnapshotCell<DirectiveSet> directives{DirectiveSet::empty_set()};
  std::unique_ptr<UpstreamStats> stats;  // of the running server
  std::unique_ptr<Server> server;
};

}  // namespace osproxy
