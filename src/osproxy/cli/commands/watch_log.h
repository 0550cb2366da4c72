// Makes the lines of `osproxyctl watch`: one at the start, and one whenever the active set, the
// state or a rejection changes.
//
//   WatchLog log(Output::Json);
//   if (const auto line = log.next(status, *set, clock.now())) print(*line);
//
// Not thread-safe; one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/cli/flags/flags.h"
#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/store/directive_store.h"

namespace osproxy::cli {

class WatchLog {
 public:
  explicit WatchLog(Output output) : output_(output) {}

  /// The line for the state of a store at `now`, without its newline; nullopt if nothing has
  /// changed since the last line. A JSON line is
  /// {"t":1795530730.123456,"revision":4812,"state":"synced","verified_age_ms":812,
  ///  "active":["id",…],"rejected":null|{"revision":4813,"slug":"zero_ttl","where":"…"}}.
  std::optional<std::string> next(const StoreStatus& status, const DirectiveSet& set, Now now);

 private:
  // A change of these makes a new line; a change of the verified age does not.
  struct View {
    StoreState state = StoreState::Connecting;
    std::int64_t revision = 0;
    std::vector<std::string> active;
    std::optional<Rejection> rejected;

    friend bool operator==(const View&, const View&) = default;
  };

  const Output output_;
  std::optional<View> last_;
};

}  // namespace osproxy::cli
