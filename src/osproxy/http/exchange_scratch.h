// What an exchange borrows from its worker while it is under way; see loan.h.
#pragma once

#include <array>
#include <string>

#include "osproxy/http/head.h"

namespace osproxy::http {

/// Keeps its memory, so that an exchange allocates nothing for the heads that it reads and writes.
struct ExchangeScratch {
  ResponseHead answer{};
  std::string head_out{};
};

/// For a body that is longer than what came with the head. Large enough that a megabyte is a few
/// system calls, small enough for many slow readers.
struct BodyBuffer {
  std::array<char, 64 * 1024> bytes;
};

}  // namespace osproxy::http
