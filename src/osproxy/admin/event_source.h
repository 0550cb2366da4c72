// A response that does not end: server-sent events.
//
// The session polls the source a few times a second (http_session.cc), so that the source never has
// to call into the server, and a burst of events is one write. A separate thread for events, with
// lower priority than the threads that serve requests, calls next(); the thread of the connections
// makes and destroys the source. Never two at a time.
#pragma once

#include <optional>
#include <string>

namespace osproxy::admin {

class EventSource {
 public:
  virtual ~EventSource() = default;
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;

  /// Returns the events since the last call as text/event-stream, within a bound; empty if there
  /// were none; nullopt if there will be no more. Must not block.
  virtual std::optional<std::string> next() = 0;

 protected:
  EventSource() = default;
};

}  // namespace osproxy::admin
