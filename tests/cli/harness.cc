#include "tests/cli/harness.h"

#include <sstream>
#include <utility>

#include "osproxy/cli/cli.h"
#include "osproxy/directive/encode.h"

namespace osproxy::cli {
namespace {

class FakePublisher final : public DirectivePublisher {
 public:
  FakePublisher(FakeEtcd& etcd, const Clock& clock) : etcd_(etcd), clock_(clock) {}

  std::expected<std::int64_t, PublishError> publish(std::string_view document,
                                                    std::optional<std::int64_t> expected_revision,
                                                    const ChangeNote& note) override {
    ++etcd_.publishes;
    if (etcd_.fail_publish) return std::unexpected(*etcd_.fail_publish);
    const auto prepared = prepare_document(document, {}, clock_.now().wall);
    if (!prepared) return std::unexpected(prepared.error());
    if (etcd_.competing_edits > 0) {
      --etcd_.competing_edits;
      etcd_.put(etcd_.current.revision == 0 ? R"({"directives":[]})" : etcd_.current.bytes);
    }
    if (expected_revision && *expected_revision != etcd_.current.revision) {
      return std::unexpected(publish_conflict(*expected_revision, etcd_.current.revision));
    }
    const PublishedDocument before = etcd_.current;
    etcd_.put(encode_document(*prepared));
    HistoryEntry entry = make_entry(
        {.previous = before.revision, .before = before.bytes, .after = etcd_.current.bytes}, note,
        clock_.now().wall, {});
    entry.revision = etcd_.current.revision;
    etcd_.history[entry.revision] = entry;
    return etcd_.current.revision;
  }

  std::expected<PublishedDocument, PublishError> read() override {
    if (etcd_.fail_read) return std::unexpected(*etcd_.fail_read);
    return etcd_.current;
  }

 private:
  FakeEtcd& etcd_;
  const Clock& clock_;
};

class FakeHistoryReader final : public HistoryReader {
 public:
  explicit FakeHistoryReader(const FakeEtcd& etcd) : etcd_(etcd) {}

  std::expected<HistoryList, HistoryError> list(const HistoryQuery& query) override {
    HistoryList list;
    for (auto it = etcd_.history.rbegin(); it != etcd_.history.rend(); ++it) {
      list.entries.push_back(it->second);
    }
    list.has_more = list.entries.size() > query.limit;
    if (list.has_more) list.entries.resize(query.limit);
    return list;
  }

  std::expected<HistoryEntry, HistoryError> find(std::int64_t revision) override {
    const auto found = etcd_.history.find(revision);
    if (found == etcd_.history.end()) {
      return std::unexpected(HistoryError{.kind = HistoryError::Kind::NotFound,
                                          .message = "there is no such revision"});
    }
    if (!found->second.fault.empty()) return std::unexpected(unreadable_entry(found->second));
    return found->second;
  }

 private:
  const FakeEtcd& etcd_;
};

class FakeFleetReader final : public FleetReader {
 public:
  explicit FakeFleetReader(const FakeEtcd& etcd) : etcd_(etcd) {}

  std::expected<Fleet, std::string> read() override {
    if (etcd_.on_fleet) etcd_.on_fleet();
    if (etcd_.fleet) return *etcd_.fleet;
    const std::int64_t revision = etcd_.current.revision;
    return Fleet{.revision = revision,
                 .members = {judge_member({.instance = "proxy-1", .revision = revision},
                                          {.revision = revision, .seen = revision})}};
  }

 private:
  const FakeEtcd& etcd_;
};

class FlushBuffer final : public std::stringbuf {
 public:
  explicit FlushBuffer(const std::function<void()>& on_flush) : on_flush_(on_flush) {}

 private:
  int sync() override {
    if (on_flush_) on_flush_();
    return 0;
  }

  const std::function<void()>& on_flush_;
};

}  // namespace

Result Harness::run_bare(std::vector<std::string> arguments) {
  std::istringstream input(in);
  FlushBuffer buffer(on_flush);
  std::ostream out(&buffer);
  std::ostringstream err;
  EtcdConnector connector;
  connector.publisher = [this](const EtcdAccess& access)
      -> std::expected<std::unique_ptr<DirectivePublisher>, std::string> {
    etcd.access = access;
    if (etcd.connect_error) return std::unexpected(*etcd.connect_error);
    return std::make_unique<FakePublisher>(etcd, clock);
  };
  connector.store =
      [this](const EtcdAccess& access,
             OnChange on_change) -> std::expected<std::unique_ptr<DirectiveStore>, std::string> {
    etcd.access = access;
    if (!store) return std::unexpected("127.0.0.1:2379: connection refused");
    return store(std::move(on_change));
  };
  connector.fleet =
      [this](const EtcdAccess& access) -> std::expected<std::unique_ptr<FleetReader>, std::string> {
    etcd.access = access;
    if (etcd.connect_error) return std::unexpected(*etcd.connect_error);
    return std::make_unique<FakeFleetReader>(etcd);
  };
  connector.history =
      [this](
          const EtcdAccess& access) -> std::expected<std::unique_ptr<HistoryReader>, std::string> {
    etcd.access = access;
    if (etcd.connect_error) return std::unexpected(*etcd.connect_error);
    return std::make_unique<FakeHistoryReader>(etcd);
  };
  Environment environment{
      .in = input,
      .out = out,
      .err = err,
      .clock = clock,
      .random = Random(7),
      .variable = [this](const std::string& name) -> std::optional<std::string> {
        const auto it = variables.find(name);
        return it == variables.end() ? std::nullopt : std::optional(it->second);
      },
      .sleep =
          [this](std::chrono::nanoseconds time) {
            ++sleeps;
            clock.advance(time);
          },
      .etcd = connector,
      .is_err_terminal = is_err_terminal,
      .stop_on_signal = [this] { return stop.get_token(); }};
  const int code = cli::run(std::move(arguments), environment);
  return {.code = code, .out = buffer.str(), .err = err.str()};
}

Result Harness::run(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--endpoints", "127.0.0.1:2379"});
  return run_bare(std::move(arguments));
}

}  // namespace osproxy::cli
