#include "osproxy/core/resolve_host.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace osproxy {
namespace {

using Callback = std::function<void(const ResolvedHost&)>;

struct Resolver {
  std::mutex mutex;
  std::map<std::string, std::vector<Callback>> asked;  // names that wait or are being resolved
  std::deque<std::string> waiting;
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

ResolvedHost resolve(const std::string& host) {
  addrinfo hints{};
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

/// A thread: resolves names until none waits.
void run() {
  Resolver& shared = resolver();
  std::unique_lock lock(shared.mutex);
  while (!shared.waiting.empty()) {
    const std::string host = std::move(shared.waiting.front());
    shared.waiting.pop_front();
    lock.unlock();
    const ResolvedHost result = resolve(host);
    lock.lock();
    const std::vector<Callback> callbacks = std::move(shared.asked.extract(host).mapped());
    lock.unlock();
    for (const Callback& done : callbacks) done(result);
    lock.lock();
  }
  --shared.threads;
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
  std::vector<Callback>& callbacks = shared.asked[host];
  callbacks.push_back(std::move(done));
  if (callbacks.size() > 1) return;  // it is being resolved already
  shared.waiting.push_back(host);
  if (shared.threads == kMaxResolverThreads) return;
  try {
    std::thread(run).detach();
    ++shared.threads;
  } catch (const std::system_error&) {
    if (shared.threads > 0) return;  // one of those that there are takes it
    shared.waiting.pop_back();
    const std::vector<Callback> failed = std::move(shared.asked.extract(host).mapped());
    lock.unlock();
    for (const Callback& callback : failed) callback({.error = EAI_AGAIN});
  }
}

}  // namespace osproxy
