// Reads any bytes as a request body for any endpoint, in pieces of any size. Within its bounds the
// reader counts as many values of each type as simdjson. It shows no key that looks like a value.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "osproxy/inspect/key_names.h"
#include "tests/inspect/response_twin.h"
#include "tests/inspect/structure_twin.h"

namespace {

using namespace osproxy;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "structure_fuzz: %s\n", what);
  std::abort();
}

/// Checks each word between dots, because keys may hold dots too.
void require_names(std::string_view path) {
  while (!path.empty()) {
    std::string_view step = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(step.size() + 1, path.size()));
    while (step.ends_with("[]")) step.remove_suffix(2);
    const bool part_of_a_name = step.empty() || looks_like_name("a." + std::string(step));
    require(step == "{key}" || part_of_a_name || is_dsl_keyword(step) || looks_like_name(step),
            "a path holds names only");
  }
}

/// The text of a shape holds names only, and does not depend on the pieces in which the body comes.
template <class NextSize>
void check_shape(Endpoint endpoint, std::string_view body, NextSize&& next_size) {
  BodyStructureReader whole({.endpoint = endpoint});
  whole.read(body);
  whole.end_body(true);
  BodyStructureReader in_pieces({.endpoint = endpoint});
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, next_size());
    body.remove_prefix(piece.size());
    in_pieces.read(piece);
  }
  in_pieces.end_body(true);
  const auto text = whole.shape_text();
  require(text == in_pieces.shape_text(), "the pieces of a body do not change its shape");
  if (!text) return;
  std::string_view lines = *text;
  lines.remove_prefix(lines.find('\n') + 1);  // the version
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    line.remove_prefix(line.rfind(' ') + 1);
    if (line != "$") require_names(line);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto endpoint = static_cast<Endpoint>(data[0] % kEndpointCount);
  std::uint32_t state = data[1] + 1U;
  const auto next_size = [&state] {
    state = state * 1'664'525U + 1'013'904'223U;
    return std::size_t{1} + (state >> 16) % 40;
  };
  const std::string_view body(reinterpret_cast<const char*>(data + 2), size - 2);
  const BodyStructure structure = test::read_structure({.endpoint = endpoint}, body, next_size);
  check_shape(endpoint, body, next_size);
  std::size_t fields = 0;
  for (const BodyPart& part : structure.parts) {
    fields += part.fields.size();
    for (const BodyField& field : part.fields) require_names(field.path);
  }
  require(fields <= StructureTree::kMaxNodes * kJsonTypeCount, "the number of fields is bounded");

  if (endpoint == Endpoint::IngestBulk || endpoint == Endpoint::MultiSearch) return 0;
  if (structure.truncated != Truncation::None) return 0;
  const test::TwinSays twin = test::is_json_for_twin(body);
  if (twin == test::TwinSays::DoNotCompare || structure.not_read == NotRead::TooDeep) return 0;
  require((twin == test::TwinSays::Json) == (structure.not_read == NotRead::None),
          "JSON is JSON for both");
  if (twin != test::TwinSays::Json) return 0;
  require(test::totals_of(structure) == test::totals_of(body), "both find the same values");
  return 0;
}
