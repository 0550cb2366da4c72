#include "osproxy/net/resolve.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include <boost/asio/post.hpp>
#include <netdb.h>

#include "osproxy/core/resolve_host.h"
#include "osproxy/net/wakeup.h"

namespace osproxy {
namespace {

using asio::ip::tcp;

/// The coroutine and the resolver's thread share it; either may be first to go.
struct Lookup {
  std::mutex mutex;
  Wakeup* sleeper = nullptr;  // guarded by mutex; null: the coroutine has gone
  ResolvedHost result;        // written before the sleeper is woken
};

/// In the coroutine's frame: nobody wakes it once it is gone.
class Sleeper {
 public:
  Sleeper(const Executor& executor, std::shared_ptr<Lookup> lookup)
      : wakeup_(executor), lookup_(std::move(lookup)) {
    lookup_->sleeper = &wakeup_;
  }
  ~Sleeper() {
    const std::lock_guard lock(lookup_->mutex);
    lookup_->sleeper = nullptr;
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  Task<> sleep() { return wakeup_.sleep(); }

 private:
  Wakeup wakeup_;
  const std::shared_ptr<Lookup> lookup_;
};

/// On the resolver's thread. Posts under the lock, so that the executor's context is still there.
void finish(const std::shared_ptr<Lookup>& lookup, const Executor& executor,
            const ResolvedHost& result) {
  const std::lock_guard lock(lookup->mutex);
  if (lookup->sleeper == nullptr) return;
  lookup->result = result;
  asio::post(executor, [lookup] {
    const std::lock_guard again(lookup->mutex);
    if (lookup->sleeper != nullptr) lookup->sleeper->wake();
  });
}

error_code to_error(int failure) noexcept {
  switch (failure) {
    case EAI_AGAIN:
      return asio::error::host_not_found_try_again;
    case EAI_NONAME:
    case EAI_NODATA:
      return asio::error::host_not_found;
    default:
      return asio::error::no_recovery;
  }
}

asio::ip::address to_asio(const ResolvedAddress& from) {
  if (from.is_v6) return asio::ip::address_v6(from.bytes, from.scope);
  asio::ip::address_v4::bytes_type bytes;
  std::copy_n(from.bytes.begin(), bytes.size(), bytes.begin());
  return asio::ip::address_v4(bytes);
}

}  // namespace

Task<std::expected<Endpoints, error_code>> resolve(Executor executor, const HostPort& address) {
  error_code not_an_address;
  const auto literal = asio::ip::make_address(address.host, not_an_address);
  if (!not_an_address) co_return Endpoints(1, tcp::endpoint(literal, address.port));
  const auto lookup = std::make_shared<Lookup>();
  Sleeper sleeper(executor, lookup);
  resolve_host(address.host, [lookup, executor](const ResolvedHost& result) {
    finish(lookup, executor, result);
  });
  co_await sleeper.sleep();
  if (lookup->result.error != 0) co_return std::unexpected(to_error(lookup->result.error));
  Endpoints endpoints;
  for (const ResolvedAddress& found : lookup->result.addresses) {
    endpoints.emplace_back(to_asio(found), address.port);
  }
  co_return endpoints;
}

}  // namespace osproxy
