// The keys of the modelled cluster, without the document's, and its leases.
//
// Not thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/etcd/transport.h"
#include "sim/virtual_time.h"

namespace osproxy::etcd::sim {

class ModelKeys {
 public:
  struct Key {
    std::string value{};
    Revision mod_revision = 0;
    LeaseId lease = 0;
  };

  /// A key before and after a change; null: it does not exist.
  using OnChange = std::function<void(const std::string& key, const Key* before, const Key* after)>;

  /// `revision` is the cluster's: every change here increments it. Both must outlive this object.
  ModelKeys(VirtualTime& time, Revision& revision) : time_(time), revision_(revision) {}

  void set_listener(OnChange on_change) { on_change_ = std::move(on_change); }

  const Key* find(const std::string& key) const;
  std::vector<KeyValue> list(const std::string& prefix) const;

  /// False if the lease does not exist.
  bool put(const std::string& key, std::string value, LeaseId lease = 0);
  void remove(const std::string& key);

  LeaseId grant(std::chrono::seconds ttl);
  /// The remaining time; 0: the lease does not exist.
  std::chrono::seconds keep_alive(LeaseId lease);
  bool revoke(LeaseId lease);
  void end_leases();

  /// A restore: drops all keys that were changed after `revision`.
  void go_back_to(Revision revision);
  void clear();

 private:
  struct Lease {
    std::chrono::seconds ttl;
    BootTime end;
  };

  VirtualTime& time_;
  Revision& revision_;
  OnChange on_change_ = [](const std::string&, const Key*, const Key*) {};
  std::map<std::string, Key> keys_;
  std::map<LeaseId, Lease> leases_;
  LeaseId last_lease_ = 1000;
};

}  // namespace osproxy::etcd::sim
