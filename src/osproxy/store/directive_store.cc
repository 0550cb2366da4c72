#include "osproxy/store/directive_store.h"

#include <utility>

namespace osproxy {

std::string_view to_string(StoreState state) noexcept {
  switch (state) {
    case StoreState::Connecting:
      return "connecting";
    case StoreState::Synced:
      return "synced";
    case StoreState::Suspect:
      return "suspect";
    case StoreState::Stale:
      return "stale";
  }
  std::unreachable();
}

}  // namespace osproxy
