// The anchors of a document: where each one is in etcd, and how it is written.
//
// The anchor of a directive says when the fleet first saw it (etcd/anchor_machine.h):
//
//   anchor_prefix("osproxy/directives");            // "osproxy/anchors/directives/"
//   anchor_key(anchor_prefix("osproxy/directives"), directive);   // "…directives/<hash>"
//   anchor_value(directive, first_seen);            // "2026-03-01T12:00:00Z checkout-errors"
//   parse_anchor("2026-03-01T12:00:00Z checkout-errors");         // the time
//
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "osproxy/core/clock.h"
#include "osproxy/directive/model.h"

namespace osproxy::etcd {

/// `<the document's key up to its last slash>anchors/<its last part>/`: two documents below one
/// prefix do not sweep each other's anchors.
std::string anchor_prefix(std::string_view document_key);

/// `<prefix><hash of the directive's id and content>`.
std::string anchor_key(std::string_view prefix, const Directive& directive);

/// The time, and the directive's id, which only people read.
std::string anchor_value(const Directive& directive, WallTime first_seen);

/// The time of an anchor's value; nullopt if it does not begin with one.
std::optional<WallTime> parse_anchor(std::string_view value);

}  // namespace osproxy::etcd
