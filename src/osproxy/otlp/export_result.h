// How one attempt to export ended, whichever way it went. A regular value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace osproxy::otlp {

struct ExportResult {
  enum class Kind : std::uint8_t {
    Accepted,    ///< by the collector, but for `rejected_spans`
    GrpcStatus,  ///< refused with `code`, a status of gRPC
    HttpStatus,  ///< refused with `code`, a status of HTTP
    NoResponse,  ///< no connection, or none that brought a response in time (HTTP)
  };

  Kind kind = Kind::NoResponse;
  int code = 0;
  std::uint64_t rejected_spans = 0;
  std::optional<std::chrono::nanoseconds> retry_after{};  ///< as the collector wants it
  std::string message{};  ///< what went wrong, for a person; bounded

  friend bool operator==(const ExportResult&, const ExportResult&) = default;
};

}  // namespace osproxy::otlp
