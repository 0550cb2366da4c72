// Reads the history of the document from etcd: the entries below `<prefix>history/`.
//
//   auto reader = EtcdHistoryReader::create({.target = {.endpoints = {"10.0.0.1:2379"}}}, clock);
//   auto newest = (*reader)->list({.limit = 10});
//
// Thread safety: every member may be called from any thread. Each call opens a connection and
// closes it when it returns. Blocks for at most `deadline`.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/etcd_options.h"
#include "osproxy/store/history.h"

namespace osproxy {

namespace etcd {
class Transport;
}

struct EtcdHistoryOptions {
  EtcdTarget target;
  std::chrono::milliseconds deadline{kEtcdCallDeadline};  ///< of one call, all endpoints
};

class EtcdHistoryReader final : public HistoryReader {
 public:
  using MakeTransport = std::function<std::unique_ptr<etcd::Transport>()>;

  /// Checks the options; opens no connection yet. `clock` must outlive the reader.
  static std::expected<std::unique_ptr<EtcdHistoryReader>, EtcdError> create(
      EtcdHistoryOptions options, const Clock& clock);

  /// The same over the caller's transports (etcd/transport.h), one for each call: for tests.
  static std::expected<std::unique_ptr<EtcdHistoryReader>, EtcdError> create(
      EtcdHistoryOptions options, const Clock& clock, MakeTransport make_transport);

  /// Keys read at a time. Entries of the largest size fit into a response (4 MiB); of larger
  /// values, which are no entries, fewer are read at a time.
  static constexpr std::int64_t kPage = 12;

  /// Keys that one list() looks at: more than are kept, and a bound if others write there.
  static constexpr std::size_t kMaxLooked = 4'000;

  std::expected<HistoryList, HistoryError> list(const HistoryQuery& query) override;
  std::expected<HistoryEntry, HistoryError> find(std::int64_t revision) override;

 private:
  EtcdHistoryReader(EtcdHistoryOptions options, std::vector<std::string> endpoints,
                    const Clock& clock, MakeTransport make_transport);

  const EtcdHistoryOptions options_;
  const std::vector<std::string> endpoints_;
  const Clock& clock_;
  const MakeTransport make_transport_;
  std::atomic<std::size_t> good_{0};  // the endpoint that responded last
};

}  // namespace osproxy
