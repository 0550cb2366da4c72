// Visits every field of a record in a fixed order, for code that measures, writes or reads them
// all.
//
//   std::size_t size = 0;
//   const auto add = [&](const auto& field) { size += sizeof(field); };
//   for_each_field(add, record);  // add(record.request_id), add(record.trace_id), …
//
// The structured bindings below name every member. A new member therefore does not compile until
// it is named here too, so that none can be forgotten.
//
// `each` is called with a record's direct members only; for a nested structure, such as a Rewrite,
// it calls for_each_field() itself. Pure if `each` is.
#pragma once

#include <type_traits>

#include "osproxy/record/record.h"

namespace osproxy {

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, Record>
void for_each_field(Each& each, Value& value) {
  auto& [request_id, trace_id, span_id, parent_span_id, upstream_span_id, level, directives,
         signed_fault, started, endpoint, method, index, tenant, principal, principal_verified,
         protocol, tls, request_bytes, response_bytes, status, upstream, connection_reused, retries,
         error, latency, response, times, rewrite, body] = value;
  each(request_id), each(trace_id), each(span_id), each(parent_span_id), each(upstream_span_id);
  each(level), each(directives), each(signed_fault), each(started);
  each(endpoint), each(method), each(index), each(tenant), each(principal);
  each(principal_verified), each(protocol), each(tls);
  each(request_bytes), each(response_bytes), each(status), each(upstream);
  each(connection_reused), each(retries), each(error), each(latency);
  each(response), each(times), each(rewrite), each(body);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, Rewrite>
void for_each_field(Each& each, Value& value) {
  auto& [request, response] = value;
  each(request), each(response);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, HeadRewrite>
void for_each_field(Each& each, Value& value) {
  auto& [target_changed, bytes_in, bytes_out, added, changed, removed] = value;
  each(target_changed), each(bytes_in), each(bytes_out);
  each(added), each(changed), each(removed);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, BodyStructure>
void for_each_field(Each& each, Value& value) {
  auto& [parts, truncated, not_read] = value;
  each(parts), each(truncated), each(not_read);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, BodyPart>
void for_each_field(Each& each, Value& value) {
  auto& [kind, count, bytes, fields] = value;
  each(kind), each(count), each(bytes), each(fields);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, BodyField>
void for_each_field(Each& each, Value& value) {
  auto& [path, type, count, sizes] = value;
  each(path), each(type), each(count), each(sizes);
}

}  // namespace osproxy
