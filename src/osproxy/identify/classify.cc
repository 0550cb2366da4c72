#include "osproxy/identify/classify.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "osproxy/core/attribute_text.h"
#include "osproxy/core/encoding.h"

namespace osproxy {
namespace {

enum class Method : std::uint8_t { Get, Post, Put, Delete, Patch };
constexpr std::size_t kMethodCount = 5;

// The endpoint is Unknown for a method that the path does not accept.
struct Meaning {
  Endpoint endpoint = Endpoint::Unknown;
  bool reads = false;
};
using Endpoints = std::array<Meaning, kMethodCount>;

std::optional<Method> parse_method(std::string_view name) noexcept {
  if (name == "GET" || name == "HEAD") return Method::Get;
  if (name == "POST") return Method::Post;
  if (name == "PUT") return Method::Put;
  if (name == "DELETE") return Method::Delete;
  if (name == "PATCH") return Method::Patch;
  return std::nullopt;
}

/// Removes the first segment from `path` and returns it; empty at the end. Skips empty segments.
std::string_view take_segment(std::string_view& path) noexcept {
  std::size_t begin = 0;
  while (begin < path.size() && path[begin] == '/') ++begin;
  path.remove_prefix(begin);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

/// True for a segment that can be an index expression. Index names cannot begin with `_`, but
/// `_all` stands for all indices.
bool can_be_index(std::string_view name) noexcept {
  return !name.starts_with('_') || name == "_all";
}

/// The route table, as a tree of segments.
class RouteTree {
 public:
  struct Match {
    Endpoint endpoint = Endpoint::Unknown;
    std::string_view index;  // as received; empty if the route has none
    BodyForm form = BodyForm::Usual;
    bool takes_index = false;  // as a parameter of the query, because it is not in the path
    bool reads = false;
  };

  explicit RouteTree(std::span<const Route> routes) {
    nodes_.emplace_back();
    for (const Route& route : routes) add(route);
    for (const Route& route : routes) mark_index_parameter(route);
    for (Node& node : nodes_) std::ranges::sort(node.literals, {}, &Literal::name);
  }

  Match find(Method method, std::string_view path, std::string& scratch) const {
    Match match;
    walk(nodes_[kRoot], method, path, scratch, match);
    return match;
  }

 private:
  using NodeId = std::uint16_t;
  static constexpr NodeId kRoot = 0;
  static constexpr NodeId kNone = 0;  // the root, which is no node's child

  struct Literal {
    std::string_view name;
    NodeId node;
  };

  struct Node {
    std::vector<Literal> literals;  // by name
    NodeId any = kNone;             // the placeholder's
    bool any_is_index = false;
    bool takes_index = false;  // another route has the same path with an index in it
    BodyForm form = BodyForm::Usual;
    Endpoints here{};   // of a path that ends here
    Endpoints below{};  // of a path that goes on, if no child matches
  };

  NodeId make_node() {
    nodes_.emplace_back();
    return static_cast<NodeId>(nodes_.size() - 1);
  }

  void add(const Route& route);
  void mark_index_parameter(const Route& route);
  NodeId find_child(NodeId parent, std::string_view segment) const;
  NodeId child(NodeId parent, std::string_view segment);
  bool walk(const Node& node, Method method, std::string_view path, std::string& scratch,
            Match& match) const;

  std::vector<Node> nodes_;
};

void set_endpoint(Endpoints& endpoints, const Route& route) {
  std::string_view methods = route.methods;
  while (!methods.empty()) {
    const std::string_view name = methods.substr(0, methods.find(','));
    methods.remove_prefix(std::min(name.size() + 1, methods.size()));
    const auto method = parse_method(name);
    assert(method);
    Meaning& slot = endpoints[static_cast<std::size_t>(*method)];
    assert(slot.endpoint == Endpoint::Unknown);  // a path and method are in one row only
    const bool reads = route.effect == Effect::Reads ||
                       (route.effect == Effect::ByMethod && *method == Method::Get);
    slot = {.endpoint = route.endpoint, .reads = reads};
  }
}

BodyForm form_of(std::string_view last_segment) noexcept {
  if (last_segment == "_reindex" || last_segment == "_update_by_query" ||
      last_segment == "_delete_by_query") {
    return BodyForm::ByQuery;
  }
  return last_segment == "stream" ? BodyForm::Stream : BodyForm::Usual;
}

void RouteTree::add(const Route& route) {
  NodeId id = kRoot;
  std::string_view path = route.path;
  std::string_view last;
  for (auto segment = take_segment(path); !segment.empty(); segment = take_segment(path)) {
    if (segment == "{*}") return set_endpoint(nodes_[id].below, route);
    id = child(id, segment);
    last = segment;
  }
  nodes_[id].form = form_of(last);
  set_endpoint(nodes_[id].here, route);
}

/// OpenSearch takes a parameter from the path or from the query. A route with an index therefore
/// says of the same path without it that it takes `?index=`.
void RouteTree::mark_index_parameter(const Route& route) {
  NodeId id = kRoot;
  bool has_index = false;
  std::string_view path = route.path;
  for (auto segment = take_segment(path); !segment.empty(); segment = take_segment(path)) {
    if (segment == "{index}") {
      has_index = true;
      continue;
    }
    id = find_child(id, segment);
    if (id == kNone) return;
  }
  if (has_index && id != kRoot) nodes_[id].takes_index = true;
}

RouteTree::NodeId RouteTree::find_child(NodeId parent, std::string_view segment) const {
  if (segment.starts_with('{')) return nodes_[parent].any;
  for (const Literal& literal : nodes_[parent].literals) {
    if (literal.name == segment) return literal.node;
  }
  return kNone;
}

RouteTree::NodeId RouteTree::child(NodeId parent, std::string_view segment) {
  if (segment.starts_with('{')) {
    if (nodes_[parent].any == kNone) {
      const NodeId id = make_node();
      nodes_[parent].any = id;
      nodes_[parent].any_is_index = segment == "{index}";
    }
    assert(nodes_[parent].any_is_index == (segment == "{index}"));
    return nodes_[parent].any;
  }
  if (const NodeId found = find_child(parent, segment); found != kNone) return found;
  const NodeId id = make_node();
  nodes_[parent].literals.push_back({segment, id});
  return id;
}

/// Follows the rules of OpenSearch's router: a literal goes before a placeholder, which is tried if
/// the literal leads to no route for this method. The recursion is as deep as the longest route.
bool RouteTree::walk(const Node& node, Method method, std::string_view path, std::string& scratch,
                     Match& match) const {
  const auto slot = static_cast<std::size_t>(method);
  const std::string_view segment = take_segment(path);
  if (segment.empty()) {
    match.endpoint = node.here[slot].endpoint;
    match.reads = node.here[slot].reads;
    match.form = node.form;
    match.takes_index = node.takes_index;
    return match.endpoint != Endpoint::Unknown;
  }
  const std::string_view name = percent_decode(segment, kMaxAttributeBytes, scratch);
  const bool placeholder_fits = node.any != kNone && (!node.any_is_index || can_be_index(name));
  const auto literal = std::ranges::lower_bound(node.literals, name, {}, &Literal::name);
  if (literal != node.literals.end() && literal->name == name &&
      walk(nodes_[literal->node], method, path, scratch, match)) {
    return true;
  }
  if (placeholder_fits && walk(nodes_[node.any], method, path, scratch, match)) {
    if (node.any_is_index) match.index = segment;
    return true;
  }
  match.endpoint = node.below[slot].endpoint;
  match.reads = node.below[slot].reads;
  return match.endpoint != Endpoint::Unknown;
}

/// Decodes `segment`; empty if it is too long or has control characters.
std::string_view index_attribute(std::string_view segment, std::string& scratch) {
  const std::string_view index = percent_decode(segment, kMaxAttributeBytes, scratch);
  return is_clean_attribute(index) ? index : std::string_view{};
}

/// The value of the parameter `index`, as received. OpenSearch takes the last one, and separates
/// parameters by `&` and `;`.
std::string_view index_parameter(std::string_view query) {
  std::string_view found;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find_first_of("&;"));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string_view name = pair.substr(0, equals);
    std::string decoded;
    constexpr std::size_t kNameBytes = 5;
    const bool is_encoded = std::ranges::find(name, '%') != name.end();
    if (is_encoded && is_well_encoded(name)) {
      name = percent_decode(name, kNameBytes, decoded);
    }
    if (name == "index") found = pair.substr(std::min(equals + 1, pair.size()));
  }
  return is_well_encoded(found) ? found : std::string_view{};
}

}  // namespace

std::string_view query_of(std::string_view target) noexcept {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {};
  const std::string_view query = target.substr(mark + 1);
  return query.substr(0, query.find('#'));
}

std::string_view path_of(std::string_view target) noexcept {
  if (target.empty()) return {};
  target = target.substr(0, target.find('?'));
  target = target.substr(0, target.find('#'));
  if (target.starts_with('/')) return target;
  if (target.empty()) return "/";  // a query alone
  const bool is_relative = !target.substr(0, target.find('/')).contains(':');
  if (is_relative) return target == "*" ? std::string_view{} : target;
  constexpr std::string_view kAuthorityMark = "://";
  const std::size_t authority = target.find(kAuthorityMark);
  if (authority == std::string_view::npos) return {};
  target.remove_prefix(authority + kAuthorityMark.size());
  const std::size_t path = target.find('/');
  return path == std::string_view::npos ? "/" : target.substr(path);
}

namespace {

/// A reindex alone has its indices in the body only; an update by query has them in the path.
bool may_name_index_in_body(Endpoint endpoint, BodyForm form, bool has_index) noexcept {
  if (form == BodyForm::ByQuery) return endpoint == Endpoint::IngestBulk && !has_index;
  return endpoint == Endpoint::IngestBulk || endpoint == Endpoint::MultiSearch ||
         endpoint == Endpoint::MultiGet;
}

}  // namespace

Classification classify(std::string_view method, std::string_view target, std::string& scratch) {
  static const RouteTree tree(route_table());

  const std::string_view path = path_of(target);
  if (path.empty() || !is_well_encoded(path)) return {};
  RouteTree::Match match;
  if (const auto known = parse_method(method)) match = tree.find(*known, path, scratch);
  if (match.endpoint == Endpoint::Unknown) {
    // No row matches, but the path's first segment still names the index.
    std::string_view rest = path;
    const std::string_view first = take_segment(rest);
    match.index = can_be_index(percent_decode(first, kMaxAttributeBytes, scratch))
                      ? first
                      : std::string_view{};
  }
  if (match.index.empty() && match.takes_index) match.index = index_parameter(query_of(target));
  return {.endpoint = match.endpoint,
          .index = index_attribute(match.index, scratch),
          .form = match.form,
          .body_may_name_index =
              may_name_index_in_body(match.endpoint, match.form, !match.index.empty()),
          .reads = match.reads};
}

}  // namespace osproxy
