// Requests and responses that most tests of the proxy send. They carry both ids, so that the test
// knows every byte that the proxy forwards. In heads "\n" stands for CRLF.
#pragma once

#include <string>
#include <string_view>

namespace osproxy {

/// The header lines that every request carries. Without them the proxy would make up ids.
inline constexpr std::string_view kIds = "X-Opaque-Id: o\nX-Request-Id: r\n";

/// The head of a request with more header lines, as the client sends it and as the node gets it.
///
///   request_head("POST /_bulk", "Content-Length: 3\n")
std::string request_head(std::string_view line, std::string_view lines = {});

/// The head of a chunked request as the node gets it: the proxy writes its framing last.
std::string chunked_head_seen(std::string_view line);

/// A request with a body and its length, as the client sends it and as the node gets it.
std::string request(std::string_view line, std::string_view body);

/// A GET without a body, as the client sends it and as the node gets it.
std::string get(std::string_view target);

/// The head of a "200 OK" with these header lines, as the node sends it.
std::string ok_head(std::string_view lines = {});

/// The head of a "200 OK" with these header lines, as the client gets it.
std::string ok_head_seen(std::string_view lines = {});

/// A "200 OK" with this body, as the node sends it.
std::string response(std::string_view body);

/// The same as the client gets it.
std::string response_seen(std::string_view body);

/// The same as the client gets it if the proxy closes the connection after it.
std::string last_response_seen(std::string_view body);

/// A "200 OK" with this body, as a node sends it that closes the connection after it.
std::string closing_response(std::string_view body);

/// The first part of a long body of known length: the proxy takes a node only when it has it.
std::string gathered_part();

}  // namespace osproxy
