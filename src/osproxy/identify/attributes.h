// What is known of a request from its head: what directives match on, and the ids that join our
// records to those of others.
//
//   AttributeScratch scratch;                       // one a connection; keeps its memory
//   RequestAttributes request = read_attributes(head, sources, random, scratch);
//   set->match(request.matched, clock.now(), request.request_id);
//
// Whatever a client sends here is bounded and free of control characters, or it is left out: an
// attribute that is left out is empty, and matches no target. What was sent twice is ambiguous and
// left out too. The password of `Authorization: Basic` and a bearer token are never stored.
//
// The principal is the client certificate's, else the one that a known token stands for, else the
// user that `Authorization: Basic` claims. Only the first two are verified.
//
// RequestAttributes owns nothing: its views point into the head's buffer and into the scratch, and
// are good until either changes. Pure but for `random`.
#pragma once

#include <string>
#include <string_view>

#include "osproxy/core/random.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/http/head.h"
#include "osproxy/identify/identities.h"
#include "osproxy/identify/tenant_rule.h"
#include "osproxy/identify/trace_context.h"

namespace osproxy {

/// What the request itself does not say.
struct AttributeSources {
  const TenantRule& tenant;
  const Identities& identities;  ///< of this moment; nothing points into it afterwards
  TokenHasher& hasher;
  std::string_view certificate_principal{};  ///< of the verified client certificate; empty: none
};

struct RequestAttributes {
  Attributes matched{};
  bool principal_verified = false;  ///< not only claimed
  std::string_view request_id{};    ///< the client's `X-Request-Id` if well-formed, else a new one
  TraceParent trace{};              ///< of a single, valid `traceparent`
  bool has_traceparent = false;     ///< the client sent one, valid or not
  bool has_opaque_id = false;       ///< the client sent an `X-Opaque-Id`
};

/// Where attributes live that do not stand in the head as they are.
struct AttributeScratch {
  std::string index{};
  std::string principal{};
  std::string tenant{};
  std::string request_id{};
};

RequestAttributes read_attributes(const http::RequestHead& head, const AttributeSources& sources,
                                  Random& random, AttributeScratch& scratch);

}  // namespace osproxy
