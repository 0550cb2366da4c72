// Reads a request's attributes from its head: the values that directives match on, and the ids that
// connect its record with records of other systems.
//
//   AttributeScratch scratch;  // one for each connection; keeps its memory
//   RequestAttributes request = read_attributes(head, sources, random, scratch);
//   const Verdict verdict = set->match(request.matched, clock.now(), request.request_id);
//
// A value that is too long or has control characters is left out, and so is one that was sent
// twice, because it is ambiguous. An attribute that is left out is empty and matches no target. The
// password of `Authorization: Basic` and a bearer token are never stored.
//
// The client's address is that of the connection, or the one that a trusted proxy names in a header
// (forwarded_client.h). Of `User-Agent` only the first product is read.
//
// The principal comes from the client's certificate, else from a known token, else from the user
// name of `Authorization: Basic`. Only the first two are verified.
//
// RequestAttributes owns nothing: its views point into the head's buffer and into the scratch, and
// are valid until either changes. Pure but for `random`.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "osproxy/core/cidr.h"
#include "osproxy/core/random.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/http/head.h"
#include "osproxy/identify/classify.h"
#include "osproxy/identify/forwarded_client.h"
#include "osproxy/identify/identities.h"
#include "osproxy/identify/tenant_rule.h"
#include "osproxy/identify/trace_context.h"

namespace osproxy {

/// The sources of attributes besides the request's head.
struct AttributeSources {
  const TenantRule& tenant;
  const Identities& identities;  ///< used during the call only
  TokenHasher& hasher;
  std::string_view certificate_principal{};  ///< of the verified client certificate, or empty
  ClientAddress connection{};                ///< the address that the connection comes from
  std::span<const Cidr> trusted{};  ///< the trusted proxies, if `connection` is one; else empty
};

struct RequestAttributes {
  Attributes matched{};
  bool principal_verified = false;  ///< false if the client only claims it
  std::string_view request_id{};    ///< the client's `X-Request-Id` if well-formed, else a new one
  TraceParent trace{};              ///< of a single, valid `traceparent`
  bool has_traceparent = false;     ///< the client sent one, valid or not
  bool has_opaque_id = false;       ///< the client sent an `X-Opaque-Id`
  BodyForm form = BodyForm::Usual;  ///< of the request's body and its response
};

/// Storage for attributes that are decoded or made, and so are not part of the head's bytes.
struct AttributeScratch {
  std::string index{};
  std::string principal{};
  std::string tenant{};
  std::string request_id{};
  std::string client{};
};

RequestAttributes read_attributes(const http::RequestHead& head, const AttributeSources& sources,
                                  Random& random, AttributeScratch& scratch);

}  // namespace osproxy
