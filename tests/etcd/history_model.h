// A model of etcd for the history machine: one cluster, kept in memory, with the semantics that the
// history relies on.
//
// Not thread-safe.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "osproxy/etcd/history_machine.h"

namespace osproxy::etcd {

inline constexpr char kDocumentKey[] = "osproxy/directives";
inline constexpr char kPrefix[] = "osproxy/history/directives/";
inline constexpr char kDocument[] = R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60}]})";

inline HistoryMachineOptions options() {
  HistoryMachineOptions made{.endpoints = {"one:1", "two:2"}};
  made.document_key = kDocumentKey;
  made.prefix = kPrefix;
  return made;
}

/// One cluster, kept in memory, with the semantics of etcd that the history relies on.
class ModelEtcd {
 public:
  struct Logged {
    Revision revision;
    std::string key;
    std::optional<std::string> value;
    Revision created;
    std::optional<KeyValue> before;
  };

  Revision revision() const { return revision_; }
  Revision compacted() const { return compacted_; }
  const std::map<std::string, KeyValue>& keys() const { return keys_; }
  const std::vector<Logged>& log() const { return log_; }

  const KeyValue* find(const std::string& key) const {
    const auto found = keys_.find(key);
    return found == keys_.end() ? nullptr : &found->second;
  }

  /// nullopt: compacted.
  std::optional<ReadDone> read(CallId call, const ReadRequest& request) const {
    if (request.at != 0) return read_past(call, request);
    const KeyValue* const found = find(request.key);
    ReadDone done{.call = call, .header = {.revision = revision_}};
    if (found != nullptr) done.mod_revision = found->mod_revision;
    if (found != nullptr && !request.keys_only) done.value = found->value;
    return done;
  }

  std::optional<ReadDone> read_past(CallId call, const ReadRequest& request) const {
    if (request.at < compacted_) return std::nullopt;
    ReadDone done{.call = call, .header = {.revision = revision_}};
    for (const Logged& one : log_) {
      if (one.revision > request.at) break;
      if (one.key != request.key) continue;
      done.mod_revision = one.value ? one.revision : 0;
      done.value = request.keys_only ? "" : one.value.value_or("");
    }
    return done;
  }

  ListDone list(CallId call, const ListRequest& request) const {
    ListDone done{.call = call, .header = {.revision = revision_}};
    for (const auto& [key, entry] : keys_) {
      if (!key.starts_with(request.prefix)) continue;
      ++done.count;  // etcd counts before it filters
      if (entry.create_revision < request.min_created) continue;
      done.entries.push_back(entry);
      if (request.keys_only) done.entries.back().value.clear();
    }
    if (request.order == ListOrder::OldestFirst) {
      std::ranges::sort(done.entries, {}, &KeyValue::create_revision);
    }
    if (request.limit > 0 && std::ssize(done.entries) > request.limit) {
      done.entries.resize(static_cast<std::size_t>(request.limit));
    }
    return done;
  }

  WriteDone write(CallId call, const WriteRequest& request) {
    const auto holds = [this](const std::string& key, const std::optional<Revision>& expected) {
      const KeyValue* const found = find(key);
      return !expected || *expected == (found != nullptr ? found->mod_revision : 0);
    };
    bool all = holds(request.key, request.expected) &&
               (!request.guard || holds(request.guard->key, request.guard->mod_revision));
    for (const AlsoWrite& also : request.also) all = all && holds(also.key, also.expected);
    WriteDone done{.call = call, .succeeded = all};
    if (all) {
      ++revision_;
      put(request.key, request.value);
      for (const AlsoWrite& also : request.also) put(also.key, also.value);
      done.mod_revision = request.value ? revision_ : 0;
    } else if (const KeyValue* const found = find(request.key)) {
      done.mod_revision = found->mod_revision;
      done.value = found->value;
    }
    done.header.revision = revision_;
    return done;
  }

  void compact(Revision revision) { compacted_ = std::max(compacted_, revision); }

 private:
  void put(const std::string& key, const std::optional<std::string>& value) {
    const KeyValue* const found = find(key);
    if (found == nullptr && !value) return;
    const Revision created = found != nullptr ? found->create_revision : revision_;
    log_.push_back({.revision = revision_,
                    .key = key,
                    .value = value,
                    .created = created,
                    .before = found != nullptr ? std::optional(*found) : std::nullopt});
    if (!value) {
      keys_.erase(key);
      return;
    }
    keys_[key] = {.key = key,
                  .mod_revision = revision_,
                  .value = *value,
                  .version = found != nullptr ? 2 : 1,
                  .create_revision = created};
  }

  Revision revision_ = 1;
  Revision compacted_ = 0;
  std::map<std::string, KeyValue> keys_;
  std::vector<Logged> log_;
};

using Request = std::variant<ReadKey, ListKeys, WriteKeys>;

/// A response with more bytes of values cannot be received.
struct ModelLimit {
  std::size_t bytes = std::numeric_limits<std::size_t>::max();

  TransportEvent pass(ReadDone done) const {
    if (done.value.size() <= bytes) return done;
    return CallFailed{.call = done.call, .failure = {FailureKind::TooLarge, ""}};
  }

  TransportEvent pass(ListDone done) const {
    std::size_t sum = 0;
    for (const KeyValue& one : done.entries) sum += one.value.size();
    if (sum <= bytes) return done;
    return CallFailed{.call = done.call, .failure = {FailureKind::TooLarge, ""}};
  }

  bool passes(const WatchResponse& response) const {
    std::size_t sum = 0;
    for (const WatchEvent& one : response.events) {
      sum += one.value.size() + (one.before ? one.before->value.size() : 0);
    }
    return sum <= bytes;
  }
};

inline TransportEvent serve(ModelEtcd& etcd, const Request& request, const ModelLimit& limit) {
  return std::visit(
      [&]<class T>(const T& one) -> TransportEvent {
        if constexpr (std::is_same_v<T, ReadKey>) {
          auto done = etcd.read(one.call, one.request);
          if (done) return limit.pass(*std::move(done));
          return CallFailed{.call = one.call, .failure = {FailureKind::Compacted, ""}};
        }
        if constexpr (std::is_same_v<T, ListKeys>) {
          return limit.pass(etcd.list(one.call, one.request));
        }
        if constexpr (std::is_same_v<T, WriteKeys>) return etcd.write(one.call, one.request);
      },
      request);
}

inline CallId call_of(const Request& request) {
  return std::visit([](const auto& one) { return one.call; }, request);
}

}  // namespace osproxy::etcd
