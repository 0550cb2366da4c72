#include "osproxy/inspect/shape_hash.h"

#include <algorithm>
#include <new>

#include "osproxy/core/sha256.h"

namespace osproxy {

std::string make_shape_text(std::vector<std::string> lines) {
  std::ranges::sort(lines);
  const auto repeated = std::ranges::unique(lines);
  lines.erase(repeated.begin(), repeated.end());
  std::string text = "shape " + std::to_string(kShapeVersion) + '\n';
  for (const std::string& line : lines) text.append(line).push_back('\n');
  return text;
}

std::optional<std::uint64_t> shape_hash_of(const std::string& text) {
  const auto digest = sha256(text);
  if (!digest) return std::nullopt;
  std::uint64_t hash = 0;
  for (const char byte : digest->substr(0, sizeof(hash))) {
    hash = hash << 8 | static_cast<unsigned char>(byte);
  }
  return hash;
}

std::optional<std::uint64_t> shape_of(const BodyStructureReader& body) noexcept {
  try {
    const auto text = body.shape_text();
    return text ? shape_hash_of(*text) : std::nullopt;
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

std::optional<std::uint64_t> ShapeReader::finish(bool whole) noexcept {
  reader_.end_body(whole);
  return shape_of(reader_);
}

}  // namespace osproxy
