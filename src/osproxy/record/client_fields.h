// The parts of a client's identity that are kept: in records, and of requests that are remembered.
// A directive can target all of them, kept or not. A leaf header.
#pragma once

namespace osproxy {

struct ClientFields {
  bool address = true;
  bool agent = true;
  bool opaque_id = true;

  friend bool operator==(const ClientFields&, const ClientFields&) = default;
};

}  // namespace osproxy
