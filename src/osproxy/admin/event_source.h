// What an endpoint answers that has no end: server-sent events, as they come.
//
// Asked a few times a second (http_session.cc): so that what makes the events never has to call
// into the server, and a burst of them is one write. By a thread for events, which gives way to
// those that serve requests; made and destroyed by that of the connections. Never two at a time.
#pragma once

#include <optional>
#include <string>

namespace osproxy::admin {

class EventSource {
 public:
  virtual ~EventSource() = default;
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;

  /// What has happened since the last call, as text/event-stream, within a bound; empty: nothing
  /// did. nullopt: there will be no more. Must not block.
  virtual std::optional<std::string> next() = 0;

 protected:
  EventSource() = default;
};

}  // namespace osproxy::admin
