// Generates the documents that a simulation puts into the key. Each differs from all earlier ones.
// Some directives appear once, some stay over many documents, some go and come back.
//
// Not thread-safe. The same random numbers give the same documents.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/directive/model.h"

namespace osproxy::etcd::sim {

class Documents {
 public:
  struct Generated {
    std::string bytes;
    std::shared_ptr<const Document> document;  ///< null: malformed
  };

  /// Without `directives` all documents are malformed, which is cheaper, and the same for the
  /// watch. The ends of the directives are near `start`.
  Documents(bool directives, WallTime start);

  Generated next(Random& random);

 private:
  static constexpr std::size_t kPool = 5;

  const bool directives_;
  const std::array<Directive, kPool> pool_;
  std::array<bool, kPool> is_in_{};
  std::uint64_t made_ = 0;
};

}  // namespace osproxy::etcd::sim
