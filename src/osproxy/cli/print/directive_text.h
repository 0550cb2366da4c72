// Prints directives: as text for a person, as JSON for a script.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/directive/model.h"
#include "osproxy/store/ack.h"

namespace osproxy::cli {

/// `tenant=acme endpoint=Search`, or `everything`.
std::string describe_target(const Target& target);

/// The document as a table, one line per directive, or a sentence if it has none.
std::string document_text(const Document& document, WallTime now);

/// A directive that is thinned out on an instance.
struct ThinnedAt {
  std::string instance;
  InstanceAck::Thinned thinned;
};

/// A line for each: `thinned: acme at proxy-1 since …: over budget: 412 records/s, budget 200`.
std::string thinned_text(const std::vector<ThinnedAt>& thinned);

/// Begins the object `{"revision":4812,"directives":[…]`, the directives as in the document.
void begin_document(JsonWriter& json, std::int64_t revision, const Document& document);

/// The whole object, with `"thinned":[{"id":…,"instance":…,"since":…,"reason":…},…]`, which is null
/// if `thinned` is.
std::string listing_json(std::int64_t revision, const Document& document,
                         const std::vector<ThinnedAt>* thinned);

/// `pruned because over: a, b`; nothing if there are none.
void print_pruned(const std::vector<std::string>& ids, std::ostream& out);

/// Adds `"<name>":["id",…]`.
void write_ids(JsonWriter& json, std::string_view name, const std::vector<std::string>& ids);

}  // namespace osproxy::cli
