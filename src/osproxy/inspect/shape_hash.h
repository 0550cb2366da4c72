// The shape hash: 64 bits that are the same for request bodies which differ in their values only.
//
//   ShapeReader reader({.endpoint = Endpoint::Search});
//   reader.read(R"({"query":{"term":)");             // pieces of any size
//   reader.read(R"({"status":"open"}}})");
//   const auto hash = reader.finish(true);           // of any search for a term in `status`
//
// A shape is the set of the paths and types of a body's values, as text: docs/shape.md defines it.
// Neither values nor sizes, counts, or the order of members are part of it. Keys that may be values
// are folded, as in a record (structure_tree.h).
//
// A body has no hash if it cannot be read to its end, or has more paths than are kept. A hash of a
// part would say more of the bound than of the body.
//
// Work and memory are bounded for any body, by BodyStructureReader and StructureTree: some 100 KiB
// while a body is read.
//
// Pure, but for zlib's memory if the body is compressed. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/inspect/body_structure_reader.h"

namespace osproxy {

/// Part of what is hashed. A change of the definition changes it, and with it every hash.
inline constexpr int kShapeVersion = 1;

/// The text of a shape: a line with the version, then `lines` in the order of their bytes. Each is
/// "KIND TYPE PATH", and is written once.
std::string make_shape_text(std::vector<std::string> lines);

/// The first 64 bits of the text's SHA-256; nullopt if OpenSSL offers none.
std::optional<std::uint64_t> shape_hash_of(const std::string& text);

/// Of a body that is over; see BodyStructureReader::shape_text(). nullopt, too, if memory is out.
std::optional<std::uint64_t> shape_of(const BodyStructureReader& body) noexcept;

class ShapeReader {
 public:
  /// Uses the views only within this call. May throw std::bad_alloc.
  explicit ShapeReader(const BodyHead& head) : reader_(head) {}

  void read(std::string_view payload) noexcept { reader_.read(payload); }

  /// Ends the body; call it once. `whole` is false if the client broke off before its end. nullopt
  /// if the body has no hash, or memory is out.
  std::optional<std::uint64_t> finish(bool whole) noexcept;

 private:
  BodyStructureReader reader_;
};

}  // namespace osproxy
