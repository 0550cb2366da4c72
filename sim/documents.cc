#include "sim/documents.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "osproxy/directive/encode.h"

namespace osproxy::etcd::sim {
namespace {

using namespace std::chrono_literals;

Directive directive(std::string id, PublishedEnd end) {
  return {.id = std::move(id), .level = Level::Shape, .end = end};
}

}  // namespace

// Ends soon, in the middle, and after the end of a simulation.
Documents::Documents(bool directives, WallTime start)
    : directives_(directives),
      pool_{directive("a", 12s), directive("b", 75s), directive("c", 190s),
            directive("d", start + 95s), directive("e", start + 240s)} {}

Documents::Generated Documents::next(Random& random) {
  const std::string name = fmt::format("v{}", ++made_);
  if (!directives_) return {.bytes = name, .document = nullptr};
  if (random.below(20) == 0) return {.bytes = name, .document = nullptr};
  for (std::uint64_t changes = random.below(3); changes > 0; --changes) {
    bool& one = is_in_[random.below(kPool)];
    one = !one;
  }
  auto document = std::make_shared<Document>();
  // A directive of another operator, with a new id each time: it makes each document unique.
  document->directives.push_back(
      {.id = name, .level = Level::Off, .end = std::chrono::sys_days{2100y / 1 / 1}});
  for (std::size_t i = 0; i < kPool; ++i) {
    if (is_in_[i]) document->directives.push_back(pool_[i]);
  }
  return {.bytes = encode_document(*document), .document = std::move(document)};
}

}  // namespace osproxy::etcd::sim
