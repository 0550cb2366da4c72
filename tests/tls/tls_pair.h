// Two engines that talk to each other over strings instead of sockets.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "osproxy/tls/engine.h"

namespace osproxy {

struct TlsPeers {
  TlsEngine client;
  TlsEngine server;
  std::string to_server{};
  std::string to_client{};

  using Status = TlsEngine::Status;

  TlsPeers(TlsSession from_client, TlsSession from_server)
      : client(std::move(from_client)), server(std::move(from_server)) {}

  /// Moves bytes back and forth until both handshakes are done, or one has failed.
  bool shake_hands() {
    for (int i = 0; i < 10; ++i) {
      const Status one = step(client, to_client, to_server);
      const Status other = step(server, to_server, to_client);
      if (one == Status::Done && other == Status::Done) return true;
    }
    return false;
  }

  /// The plaintext that the engine reads from the arrived bytes, and why it stops.
  static std::pair<std::string, Status> read(TlsEngine& engine, std::string& incoming,
                                             std::string& outgoing) {
    std::string all(1 << 20, '\0');
    std::string_view input = incoming;
    const auto step = engine.read(input, all, outgoing);
    incoming.erase(0, incoming.size() - input.size());
    all.resize(step.size);
    return {all, step.status};
  }

  auto server_reads() { return read(server, to_server, to_client); }
  auto client_reads() { return read(client, to_client, to_server); }

 private:
  static Status step(TlsEngine& engine, std::string& incoming, std::string& outgoing) {
    if (engine.is_established()) return Status::Done;
    std::string_view input = incoming;
    const Status status = engine.handshake(input, outgoing).status;
    incoming.erase(0, incoming.size() - input.size());
    return status;
  }
};

}  // namespace osproxy
