// The result of one attempt to export, by gRPC or by HTTP. A regular value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace osproxy::otlp {

struct ExportResult {
  enum class Kind : std::uint8_t {
    Accepted,    ///< the collector accepted all but `rejected_spans`
    GrpcStatus,  ///< refused with the gRPC status `code`
    HttpStatus,  ///< refused with the HTTP status `code`
    NoResponse,  ///< no connection, or no response in time (HTTP)
  };

  Kind kind = Kind::NoResponse;
  int code = 0;
  std::uint64_t rejected_spans = 0;
  std::optional<std::chrono::nanoseconds>
      retry_after{};      ///< the least wait that the collector asks for
  std::string message{};  ///< the fault, for a person; bounded

  friend bool operator==(const ExportResult&, const ExportResult&) = default;
};

}  // namespace osproxy::otlp
