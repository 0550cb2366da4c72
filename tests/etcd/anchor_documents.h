// Documents for the tests of the anchors.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "osproxy/directive/life.h"
#include "osproxy/directive/model.h"

namespace osproxy::etcd {

/// A directive that was put by hand, with `ttl_secs`.
inline Directive by_hand(std::string id, int ttl_secs = 600) {
  Directive directive;
  directive.id = std::move(id);
  directive.level = Level::Shape;
  directive.end = RelativeEnd{ttl_secs};
  return directive;
}

template <class... Directives>
Document with(Directives... directives) {
  return {.directives = {std::move(directives)...}};
}

inline std::optional<Life> nothing_remembered(const Directive&) { return std::nullopt; }

}  // namespace osproxy::etcd
