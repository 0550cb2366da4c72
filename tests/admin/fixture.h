// An admin listener's dependencies for tests: a store, a publisher and an observer that do as told.
#pragma once

#include <functional>
#include <string>

#include "osproxy/admin/admin_server.h"
#include "osproxy/admin/dispatcher.h"
#include "osproxy/core/manual_clock.h"
#include "osproxy/directive/encode.h"
#include "osproxy/store/memory_directive_store.h"

namespace osproxy::admin::test {

/// A store of which only the status is interesting.
class FakeStore final : public DirectiveStore {
 public:
  const SnapshotCell<DirectiveSet>& cell() const noexcept override { return cell_; }
  StoreStatus status() const override { return status_; }

  StoreStatus status_;

 private:
  SnapshotCell<DirectiveSet> cell_{DirectiveSet::empty_set()};
};

/// A publisher that answers with what the test gives it.
class FakePublisher final : public DirectivePublisher {
 public:
  using Result = std::expected<std::int64_t, PublishError>;

  std::expected<std::int64_t, PublishError> publish(std::string_view document,
                                                    std::optional<std::int64_t> expected_revision,
                                                    const ChangeNote& note) override {
    on_note(note);
    return on_publish(document, expected_revision);
  }
  std::expected<std::int64_t, PublishError> publish_as_it_stands(const Document& document,
                                                                 std::int64_t expected_revision,
                                                                 const ChangeNote& note) override {
    on_note(note);
    return on_publish(encode_document(document), expected_revision);
  }
  std::expected<PublishedDocument, PublishError> read() override { return published; }

  PublishedDocument published;

  std::function<void(const ChangeNote&)> on_note = [](const ChangeNote&) {};
  std::function<Result(std::string_view, std::optional<std::int64_t>)> on_publish =
      [](std::string_view, std::optional<std::int64_t>) -> Result { return 1; };
};

struct Parts {
  ManualClock clock;
  MemoryDirectiveStore store{{}, clock};
  Observer observer{{}, 1};
  AdminOptions options{
      .listen = {.host = "127.0.0.1", .port = 0}, .instance = "proxy-1", .version = "1.2.3"};

  AdminDependencies view() {
    return {.store = store, .publisher = &store, .observer = observer, .clock = clock};
  }
};

inline Request get(std::string_view target) {
  return {.method = Method::Get, .target = target, .host = "127.0.0.1:9901"};
}

inline Request post(std::string_view target, std::string_view body) {
  return {.method = Method::Post, .target = target, .host = "127.0.0.1:9901", .body = body};
}

/// Handles one request as the server does, without a socket.
inline Response call(const AdminOptions& options, const AdminDependencies& dependencies,
                     const Request& request) {
  Dispatcher dispatcher(options, dependencies);
  const auto route = dispatcher.admit(request, dispatcher.identify(request));
  return route ? dispatcher.respond(*route, request) : route.error();
}

inline std::string header_of(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "(none)";
}

}  // namespace osproxy::admin::test
