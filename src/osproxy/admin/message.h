// A request and a response of the admin listener, independent of sockets: handlers are functions
// from one to the other, and tests call them directly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "osproxy/admin/event_source.h"
#include "osproxy/admin/peer.h"
#include "osproxy/admin/refusals.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/identify/admin_roles.h"

namespace osproxy::admin {

enum class Method : std::uint8_t { Get, Head, Post, Other };

/// Views: they live as long as the received message. An absent header is nullopt. Members: one for
/// each header that a decision is made by.
struct Request {
  Method method = Method::Get;
  std::string_view target{};  ///< as received: `/debug/breakglass?limit=5`
  std::optional<std::string_view> host{};
  std::optional<std::string_view> authorization{};
  std::optional<std::string_view> origin{};
  std::optional<std::string_view> if_match{};
  std::optional<std::string_view> if_none_match{};
  std::optional<std::string_view> accept_encoding{};
  std::optional<std::string_view> fetch_site{};  ///< Sec-Fetch-Site, which browsers send
  std::optional<std::string_view> fetch_mode{};  ///< Sec-Fetch-Mode
  std::optional<std::string_view> instance{};    ///< Osproxy-Instance: whom the client means
  bool over_loopback = true;                     ///< it came to a loopback address
  Peer peer{};                                   ///< the client's address
  /// The names in the client's verified certificate; null: it has sent none.
  const CertificateNames* certificate = nullptr;
  /// The client that asks: its name, role and tenants. Set by the dispatcher; never null in a
  /// handler.
  CallerPointer caller{};
  std::string_view body{};

  std::string_view path() const noexcept { return target.substr(0, target.find('?')); }
  /// The text after the `?`; empty if there is none.
  std::string_view query() const noexcept;
};

inline constexpr char kJsonType[] = "application/json";
inline constexpr char kTextType[] = "text/plain; charset=utf-8";

struct Response {
  int status = 200;
  std::string_view content_type = kJsonType;  ///< a constant
  std::string body{};
  std::vector<std::pair<std::string_view, std::string>> headers{};  ///< names are constants
  std::shared_ptr<EventSource> events{};  ///< in place of a body: events until the connection ends
  std::optional<Refusal> refusal{};       ///< the caller may not do this; the dispatcher counts it
};

/// Writes more fields of the error object.
using ErrorFields = std::function<void(JsonWriter&)>;

/// Makes `{"error":{"type":…,"reason":…},"status":…}`, the format that clients of OpenSearch know.
/// `type` is a constant; `reason` is for a person and never contains anything that the client sent.
Response error_response(int status, std::string_view type, std::string_view reason,
                        const ErrorFields& more = {});

/// Makes the refusal of a request whose kind is at its limit of calls.
Response too_many_calls();

/// Makes the refusal of a body that is larger than any document, before it is read.
Response body_too_large();

}  // namespace osproxy::admin
