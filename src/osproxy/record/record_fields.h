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
         client, agent, opaque_id, protocol, tls, body_indices, shape, request_bytes,
         response_bytes, unacknowledged_bytes, status, upstream, connection_reused, retries, error,
         latency, response, times, stalled, rewrite, body] = value;
  each(request_id), each(trace_id), each(span_id), each(parent_span_id), each(upstream_span_id);
  each(level), each(directives), each(signed_fault), each(started);
  each(endpoint), each(method), each(index), each(tenant), each(principal);
  each(principal_verified), each(client), each(agent), each(opaque_id), each(protocol), each(tls);
  each(body_indices), each(shape);
  each(request_bytes), each(response_bytes), each(unacknowledged_bytes), each(status),
      each(upstream);
  each(connection_reused), each(retries), each(error), each(latency);
  each(response), each(times), each(stalled), each(rewrite), each(body);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, ResponseFacts>
void for_each_field(Each& each, Value& value) {
  auto& [took_ms, timed_out, terminated_early, hits, hits_are_at_least, shards, errors, items,
         failed_items, items_by_action, failures_by_error, missing_items, timed_out_items,
         shard_failed_items, total, created, updated, deleted, version_conflicts, failures,
         not_read] = value;
  each(took_ms), each(timed_out), each(terminated_early), each(hits), each(hits_are_at_least);
  each(shards), each(errors), each(items), each(failed_items);
  each(items_by_action), each(failures_by_error), each(missing_items);
  each(timed_out_items), each(shard_failed_items), each(total), each(created), each(updated);
  each(deleted), each(version_conflicts), each(failures), each(not_read);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, ResponseFacts::Shards>
void for_each_field(Each& each, Value& value) {
  auto& [total, successful, skipped, failed] = value;
  each(total), each(successful), each(skipped), each(failed);
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
  auto& [kind, count, bytes, fields, folded] = value;
  each(kind), each(count), each(bytes), each(fields), each(folded);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, FoldedKeys>
void for_each_field(Each& each, Value& value) {
  auto& [path, count, reasons] = value;
  each(path), each(count), each(reasons);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, BodyIndices>
void for_each_field(Each& each, Value& value) {
  auto& [names, is_whole, actions] = value;
  each(names), each(is_whole), each(actions);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, BulkActions>
void for_each_field(Each& each, Value& value) {
  auto& [by_index, other_indices, of_path, by_action] = value;
  each(by_index), each(other_indices), each(of_path), each(by_action);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, IndexCount>
void for_each_field(Each& each, Value& value) {
  auto& [index, count] = value;
  each(index), each(count);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, ItemFailure>
void for_each_field(Each& each, Value& value) {
  auto& [type, status, count] = value;
  each(type), each(status), each(count);
}

template <class Each, class Value>
  requires std::is_same_v<std::remove_const_t<Value>, BodyField>
void for_each_field(Each& each, Value& value) {
  auto& [path, type, count, sizes] = value;
  each(path), each(type), each(count), each(sizes);
}

}  // namespace osproxy
