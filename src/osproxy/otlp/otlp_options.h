// The options of the export of spans. Plain values: environment.h reads the standard variables,
// app/settings/settings.h the flags, which override them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace osproxy::otlp {

enum class Protocol : std::uint8_t { Grpc, HttpProtobuf };

/// Names and values, in the order in which they were given.
using KeyValues = std::vector<std::pair<std::string, std::string>>;

/// Where the collector is, and how to send to it.
struct TransportOptions {
  Protocol protocol = Protocol::HttpProtobuf;
  std::string endpoint{};        ///< a URL, or host:port with gRPC; empty: nothing is exported
  bool endpoint_is_base = true;  ///< HTTP: `/v1/traces` is appended to its path
  bool insecure = false;         ///< with gRPC and host:port: no TLS
  bool gzip = false;
  KeyValues headers{};
  std::string headers_file{};      ///< from which some of `headers` were read; empty: none
  std::string ca_file{};           ///< PEM; empty: the system's
  std::string client_cert_file{};  ///< PEM; empty: none
  std::string client_key_file{};
  std::chrono::milliseconds timeout{10'000};  ///< of one attempt
};

/// How records are batched into requests.
struct BatchOptions {
  std::size_t max_queue = 2'048;           ///< records that wait
  std::size_t max_queue_bytes = 16 << 20;  ///< memory that they take
  std::size_t max_batch = 512;             ///< spans in one request
  std::chrono::milliseconds delay{5'000};  ///< the longest wait of a batch's first record
};

struct OtlpOptions {
  TransportOptions transport{};
  BatchOptions batch{};
  std::string service_name{};  ///< empty: as the attributes say, else "osproxy"
  KeyValues resource_attributes{};
  std::vector<std::string> warnings{};  ///< of environment variables that were ignored; sentences

  bool is_on() const noexcept { return !transport.endpoint.empty(); }
};

}  // namespace osproxy::otlp
