#include "osproxy/core/resolve_host.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace osproxy {
namespace {

using Callback = std::function<void(const ResolvedHost&)>;

/// The families that are asked for, in the order of their questions: all at once, and each alone.
constexpr std::array kFamilies{AF_UNSPEC, AF_INET, AF_INET6};

/// A name while it is being resolved, and while there is a late result for it.
struct Lookup {
  std::vector<Callback> callbacks{};  // of those who wait
  std::set<int> running{};  // families whose question waits for a thread or for a response
  std::vector<ResolvedAddress> late{};  // came when nobody waited any more
};

struct Question {
  std::string host;
  int family;
};

struct Resolver {
  std::mutex mutex;
  std::condition_variable responded;  // a lookup has no callbacks any more
  std::map<std::string, Lookup> lookups;
  std::deque<Question> waiting;
  std::size_t threads = 0;
};

/// Never destroyed: its threads may outlive main().
Resolver& resolver() {
  static auto& instance = *new Resolver;
  return instance;
}

ResolvedAddress to_address(const addrinfo& from) {
  ResolvedAddress address{.is_v6 = from.ai_family == AF_INET6};
  if (address.is_v6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, from.ai_addr, sizeof v6);
    std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
    address.scope = v6.sin6_scope_id;
  } else {
    sockaddr_in v4{};
    std::memcpy(&v4, from.ai_addr, sizeof v4);
    std::memcpy(address.bytes.data(), &v4.sin_addr, 4);
  }
  return address;
}

ResolvedHost resolve(const std::string& host, int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  ResolvedHost result{.error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found)};
  if (result.error != 0) return result;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    if (result.addresses.size() == kMaxResolvedAddresses) break;
    result.addresses.push_back(to_address(*one));
  }
  ::freeaddrinfo(found);
  result.addresses = interleave_families(result.addresses);
  if (result.addresses.empty()) result.error = EAI_NONAME;
  return result;
}

/// The addresses of one family, and those of the other one that came too late for the last result.
std::vector<ResolvedAddress> merge(std::vector<ResolvedAddress> addresses,
                                   const std::vector<ResolvedAddress>& late) {
  const bool is_v6 = addresses.front().is_v6;
  for (const ResolvedAddress& address : late) {
    if (addresses.size() == kMaxResolvedAddresses) break;
    if (address.is_v6 != is_v6) addresses.push_back(address);
  }
  return interleave_families(addresses);
}

/// Takes those who wait for the name, if this result is for them.
std::vector<Callback> settle(Lookup& lookup, int family, ResolvedHost& result) {
  const bool is_of_all = family == AF_UNSPEC;
  if (lookup.callbacks.empty()) {
    if (is_of_all) lookup.late = std::move(result.addresses);
    return {};
  }
  if (!is_of_all && result.error != 0) return {};  // perhaps it has none of this family
  if (!is_of_all) result.addresses = merge(std::move(result.addresses), lookup.late);
  lookup.late.clear();
  return std::exchange(lookup.callbacks, {});
}

/// Asks the question of one family, if there is still need.
void ask(Resolver& shared, const Question& question, std::unique_lock<std::mutex>& lock) {
  const auto place = shared.lookups.find(question.host);
  Lookup& lookup = place->second;
  const auto is_settled = [&lookup] { return lookup.callbacks.empty(); };
  const bool is_needed = question.family == AF_UNSPEC ||
                         !shared.responded.wait_for(lock, kResolutionDelay, is_settled);
  std::vector<Callback> callbacks;
  ResolvedHost result;
  if (is_needed) {
    lock.unlock();
    result = resolve(question.host, question.family);
    lock.lock();
    callbacks = settle(lookup, question.family, result);
  }
  lookup.running.erase(question.family);
  if (lookup.running.empty() && lookup.callbacks.empty() && lookup.late.empty()) {
    shared.lookups.erase(place);
  }
  if (callbacks.empty()) return;
  shared.responded.notify_all();
  lock.unlock();
  for (const Callback& done : callbacks) done(result);
  lock.lock();
}

/// A thread: asks questions until none waits.
void run() {
  Resolver& shared = resolver();
  std::unique_lock lock(shared.mutex);
  while (!shared.waiting.empty()) {
    const Question question = std::move(shared.waiting.front());
    shared.waiting.pop_front();
    ask(shared, question, lock);
  }
  --shared.threads;
}

/// False if no thread can be started, and there is none.
bool start_thread(Resolver& shared) {
  if (shared.threads == kMaxResolverThreads) return true;
  try {
    std::thread(run).detach();
    ++shared.threads;
    return true;
  } catch (const std::system_error&) {
    return shared.threads > 0;
  }
}

}  // namespace

std::vector<ResolvedAddress> interleave_families(const std::vector<ResolvedAddress>& addresses) {
  std::vector<ResolvedAddress> order;
  std::deque<ResolvedAddress> first;
  std::deque<ResolvedAddress> second;
  for (const ResolvedAddress& address : addresses) {
    (address.is_v6 == addresses.front().is_v6 ? first : second).push_back(address);
  }
  order.reserve(addresses.size());
  while (!first.empty()) {
    order.push_back(first.front());
    first.pop_front();
    if (!second.empty()) std::swap(first, second);
  }
  std::ranges::copy(second, std::back_inserter(order));
  return order;
}

void resolve_host(const std::string& host, Callback done) {
  Resolver& shared = resolver();
  std::unique_lock lock(shared.mutex);
  Lookup& lookup = shared.lookups[host];
  lookup.callbacks.push_back(std::move(done));
  for (const int family : kFamilies) {
    if (!lookup.running.insert(family).second) continue;  // it is being asked for already
    shared.waiting.push_back({.host = host, .family = family});
    if (start_thread(shared)) continue;
    shared.waiting.clear();  // only this one: no thread has left any
    const std::vector<Callback> failed = std::move(shared.lookups.extract(host).mapped().callbacks);
    lock.unlock();
    for (const Callback& callback : failed) callback({.error = EAI_AGAIN});
    return;
  }
}

}  // namespace osproxy
