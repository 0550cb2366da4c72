// The twin of BodyStructureReader: simdjson over whole bodies. It does not know the reader's paths,
// and counts the values of each type and their sizes.
#pragma once

#include <array>
#include <string_view>

#include <simdjson.h>

#include "osproxy/inspect/body_structure_reader.h"

namespace osproxy::test {

struct Totals {
  std::array<std::uint64_t, kJsonTypeCount> counts{};
  std::uint64_t members = 0;   // of all objects
  std::uint64_t elements = 0;  // of all arrays

  friend bool operator==(const Totals&, const Totals&) = default;
};

inline void add_totals(simdjson::dom::element value, Totals& totals) {
  const auto count = [&](JsonType type) { ++totals.counts[static_cast<std::size_t>(type)]; };
  switch (value.type()) {
    case simdjson::dom::element_type::OBJECT:
      count(JsonType::Object);
      for (const auto [key, member] : simdjson::dom::object(value)) {
        ++totals.members;
        add_totals(member, totals);
      }
      return;
    case simdjson::dom::element_type::ARRAY:
      count(JsonType::Array);
      for (const auto element : simdjson::dom::array(value)) {
        ++totals.elements;
        add_totals(element, totals);
      }
      return;
    case simdjson::dom::element_type::STRING:
      return count(JsonType::String);
    case simdjson::dom::element_type::INT64:
    case simdjson::dom::element_type::UINT64:
    case simdjson::dom::element_type::DOUBLE:
      return count(JsonType::Number);
    case simdjson::dom::element_type::BOOL:
      return count(JsonType::Boolean);
    case simdjson::dom::element_type::NULL_VALUE:
      return count(JsonType::Null);
  }
}

/// The counts of a body that is JSON.
inline Totals totals_of(std::string_view body) {
  Totals totals;
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(body);
  simdjson::dom::element top;
  if (parser.parse(padded).get(top) == simdjson::SUCCESS) add_totals(top, totals);
  return totals;
}

inline Totals totals_of(const BodyStructure& structure) {
  Totals totals;
  for (const BodyPart& part : structure.parts) {
    for (const BodyField& field : part.fields) {
      totals.counts[static_cast<std::size_t>(field.type)] += field.count;
      if (field.type == JsonType::Object) totals.members += field.sizes.sum;
      if (field.type == JsonType::Array) totals.elements += field.sizes.sum;
    }
  }
  return totals;
}

/// The reader's result for `body`, in pieces whose sizes `next_size()` gives.
template <class NextSize>
BodyStructure read_structure(const BodyHead& head, std::string_view body, NextSize&& next_size) {
  BodyStructureReader reader(head);
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, next_size());
    body.remove_prefix(piece.size());
    reader.read(piece);
  }
  return reader.finish(true);
}

}  // namespace osproxy::test
