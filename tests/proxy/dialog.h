// A conversation between a client and a node through the proxy, step by step:
//
//   dialog()
//       .client_sends(get("/"))
//       .node_gets(get("/"))
//       .node_sends(response("{}"))
//       .client_gets(response_seen("{}"));
//
// The steps that tests repeat most have a name: exchange() is the example above, request_passes(),
// response_passes() and node_responds() are its halves.
//
// A step takes the head of a message, in which "\n" stands for CRLF, and then its body byte for
// byte. Every step asserts. A failure names the step's line; the steps after it are skipped,
// because each would only wait.
//
// The node has no connection at first, and none after it closed one or saw one end. The next step
// that needs a connection then accepts a new one. As long as the node has a connection, all steps
// go over it, so a dialog also tests that the proxy reuses the connection.
#pragma once

#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "tests/proxy/messages.h"
#include "tests/support/raw_socket.h"

namespace osproxy {

/// Client and Node are RawConnection or TlsSocket. One thread.
template <class Client, class Node>
class BasicDialog {
 public:
  using Where = std::source_location;

  BasicDialog(Client client, std::function<Node()> accept)
      : client_(std::move(client)), accept_(std::move(accept)) {}
  BasicDialog(const BasicDialog&) = delete;
  BasicDialog& operator=(const BasicDialog&) = delete;

  /// From now on both sides send byte by byte.
  BasicDialog& byte_by_byte() {
    byte_by_byte_ = true;
    return *this;
  }

  // The client.

  BasicDialog& client_sends(std::string_view head, std::string_view body = {},
                            Where here = Where::current()) {
    return step(here, "client_sends", [&] { send(client_, crlf(head).append(body)); });
  }
  BasicDialog& client_half_closes(Where here = Where::current()) {
    return step(here, "client_half_closes", [&] { client_.shutdown_write(); });
  }
  BasicDialog& client_gets(std::string_view head, std::string_view body = {},
                           Where here = Where::current()) {
    return step(here, "client_gets", [&] { client_.expect(crlf(head).append(body)); });
  }

  /// Reads the head of a response, and compares its status.
  BasicDialog& client_gets_status(int status, Where here = Where::current()) {
    return step(here, "client_gets_status", [&] {
      EXPECT_EQ(client_.read_head().substr(0, 13), "HTTP/1.1 " + std::to_string(status) + " ");
    });
  }

  /// Reads to the end of the stream, and compares.
  BasicDialog& client_gets_to_end(std::string_view head, std::string_view body = {},
                                  Where here = Where::current()) {
    return step(here, "client_gets_to_end",
                [&] { EXPECT_EQ(client_.read_to_end(), crlf(head).append(body)); });
  }

  BasicDialog& client_gets_end(Where here = Where::current()) {
    return step(here, "client_gets_end", [&] { client_.expect_end(); });
  }
  BasicDialog& client_gets_reset(Where here = Where::current()) {
    return step(here, "client_gets_reset", [&] { client_.expect_reset(); });
  }

  // The node.

  /// Accepts a connection now, if it has none; for a node that then sends without reading.
  BasicDialog& node_accepts(Where here = Where::current()) {
    return step(here, "node_accepts", [&] { node(); });
  }

  /// The node's connection is the next one to this listener, or the one that another dialog had.
  BasicDialog& node_is(RawListener& listener, Where here = Where::current()) {
    return step(here, "node_is", [&] { node_ = listener.accept(); });
  }
  BasicDialog& node_is(Node connection) {
    node_ = std::move(connection);
    return *this;
  }

  BasicDialog& node_gets(std::string_view head, std::string_view body = {},
                         Where here = Where::current()) {
    return step(here, "node_gets", [&] { node().expect(crlf(head).append(body)); });
  }
  BasicDialog& node_sends(std::string_view head, std::string_view body = {},
                          Where here = Where::current()) {
    return step(here, "node_sends", [&] { send(node(), crlf(head).append(body)); });
  }
  BasicDialog& node_closes(Where here = Where::current()) {
    return step(here, "node_closes", [&] {
      node();
      node_.reset();
    });
  }
  BasicDialog& node_half_closes(Where here = Where::current()) {
    return step(here, "node_half_closes", [&] { node().shutdown_write(); });
  }
  BasicDialog& node_resets(Where here = Where::current()) {
    return step(here, "node_resets", [&] {
      node().reset();
      node_.reset();
    });
  }
  BasicDialog& node_gets_end(Where here = Where::current()) {
    return step(here, "node_gets_end", [&] {
      node().expect_end();
      node_.reset();
    });
  }
  BasicDialog& node_gets_reset(Where here = Where::current()) {
    return step(here, "node_gets_reset", [&] {
      node().expect_reset();
      node_.reset();
    });
  }

  // Both.

  /// The client sends this, and the node gets it unchanged.
  BasicDialog& request_passes(std::string_view head, std::string_view body = {},
                              Where here = Where::current()) {
    return client_sends(head, body, here).node_gets(head, body, here);
  }

  /// The node sends this, and the client gets it unchanged.
  BasicDialog& response_passes(std::string_view head, std::string_view body = {},
                               Where here = Where::current()) {
    return node_sends(head, body, here).client_gets(head, body, here);
  }

  /// The node sends response(body), and the client gets it.
  BasicDialog& node_responds(std::string_view body, Where here = Where::current()) {
    return node_sends(response(body), {}, here).client_gets(response_seen(body), {}, here);
  }

  /// One whole exchange, after which both connections can be used again.
  BasicDialog& exchange(std::string_view target = "/", Where here = Where::current()) {
    return request_passes(get(target), {}, here).node_responds("{}", here);
  }

  /// The client's end, for steps that are not listed here.
  Client& client() noexcept { return client_; }

  /// The node's end, likewise; accepts a connection if there is none.
  Node& node() {
    if (!node_) node_.emplace(accept_());
    return *node_;
  }

  /// Takes the node's connection out of the dialog, which accepts a new one for its next step.
  Node take_node() {
    Node taken = std::move(node());
    node_.reset();
    return taken;
  }

 private:
  template <class Action>
  BasicDialog& step(const Where& here, const char* name, Action action) {
    if (testing::Test::HasFailure()) return *this;
    const testing::ScopedTrace trace(here.file_name(), static_cast<int>(here.line()), name);
    action();
    return *this;
  }

  template <class Socket>
  void send(Socket& to, std::string_view bytes) {
    while (byte_by_byte_ && bytes.size() > 1) {
      to.send(bytes.substr(0, 1));
      bytes.remove_prefix(1);
    }
    to.send(bytes);
  }

  Client client_;
  std::function<Node()> accept_;
  std::optional<Node> node_;
  bool byte_by_byte_ = false;
};

using Dialog = BasicDialog<RawConnection, RawConnection>;

}  // namespace osproxy
