#include "osproxy/cli/admin/admin_response.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <tuple>

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/cli/admin/json_member.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/visible_text.h"

namespace osproxy::cli {
namespace {

namespace dom = simdjson::dom;

// Deeper than any response of an instance; bounds the recursion over data of another process.
constexpr std::size_t kMaxDepth = 16;

// A parsed response: the element lives in the parser.
struct Parsed {
  dom::parser parser;
  dom::element root;
};

bool parse(std::string_view body, Parsed& into) {
  if (into.parser.allocate(body.size(), kMaxDepth) != simdjson::SUCCESS) return false;
  return into.parser.parse(body.data(), body.size()).get(into.root) == simdjson::SUCCESS;
}

// The value of `key`; T{} if it is missing, null or of another type.
template <class T>
T value_or_default(dom::element object, std::string_view key) {
  T value{};
  if (object[key].get(value) != simdjson::SUCCESS) return T{};
  return value;
}

std::string text(dom::element object, std::string_view key) {
  return std::string(value_or_default<std::string_view>(object, key));
}

std::optional<Fault> parse_fault(std::string_view slug) {
  for (int i = 0; i <= static_cast<int>(Fault::BadAuthor); ++i) {
    const auto fault = static_cast<Fault>(i);
    if (to_string(fault) == slug) return fault;
  }
  return std::nullopt;
}

std::optional<InstanceStatus::Rejected> rejected_below(dom::element store) {
  dom::object rejected;
  if (store["rejected"].get(rejected) != simdjson::SUCCESS) return std::nullopt;
  const dom::element element = store["rejected"].value_unsafe();
  return InstanceStatus::Rejected{.revision = value_or_default<std::int64_t>(element, "revision"),
                                  .slug = text(element, "slug"),
                                  .where = text(element, "where"),
                                  .at = text(element, "at")};
}

std::vector<std::string> texts_below(dom::element object, std::string_view key) {
  std::vector<std::string> texts;
  dom::array array;
  if (object[key].get(array) != simdjson::SUCCESS) return texts;
  for (const dom::element element : array) {
    std::string_view one;
    if (element.get(one) == simdjson::SUCCESS) texts.emplace_back(one);
  }
  return texts;
}

std::vector<InstanceStatus::Directive> directives_below(dom::element root) {
  std::vector<InstanceStatus::Directive> directives;
  dom::array array;
  if (root["directives"].get(array) != simdjson::SUCCESS) return directives;
  for (const dom::element element : array) {
    std::string_view thinned;
    std::ignore = element.at_pointer("/thinned/reason").get(thinned);
    directives.push_back({.id = text(element, "id"),
                          .level = text(element, "level"),
                          .active = value_or_default<bool>(element, "active"),
                          .expires_at = text(element, "expires_at"),
                          .matched = value_or_default<std::uint64_t>(element, "matched"),
                          .recorded = value_or_default<std::uint64_t>(element, "recorded"),
                          .thinned = std::string(thinned)});
  }
  return directives;
}

std::vector<InstanceStatus::Upstream> upstreams_below(dom::element root) {
  std::vector<InstanceStatus::Upstream> upstreams;
  dom::array array;
  if (root.at_pointer("/upstreams/nodes").get(array) != simdjson::SUCCESS) return upstreams;
  for (const dom::element element : array) {
    upstreams.push_back({.node = text(element, "node"),
                         .state = text(element, "state"),
                         .since = text(element, "since"),
                         .reason = text(element, "reason"),
                         .in_flight = value_or_default<std::uint64_t>(element, "in_flight"),
                         .connections = value_or_default<std::uint64_t>(element, "connections")});
  }
  return upstreams;
}

std::string scalar_text(dom::element element) {
  std::string_view string;
  if (element.get(string) == simdjson::SUCCESS) return std::string(string);
  return simdjson::minify(element);
}

void flatten(dom::element element, const std::string& name, FlatObject& into) {
  dom::object object;
  dom::array array;
  if (element.get(object) == simdjson::SUCCESS) {
    for (const auto field : object) {
      flatten(field.value,
              name.empty() ? std::string(field.key) : fmt::format("{}.{}", name, field.key), into);
    }
    return;
  }
  std::string value;
  if (element.get(array) == simdjson::SUCCESS) {
    for (const dom::element item : array) {
      if (item.is_object()) return;
      value.append(value.empty() ? "" : ", ").append(scalar_text(item));
    }
  } else if (!element.is_null()) {
    value = scalar_text(element);
  }
  if (!value.empty()) into.fields.emplace_back(name, std::move(value));
}

}  // namespace

std::optional<std::int64_t> revision_of_etag(std::string_view etag) noexcept {
  if (etag.size() < 3 || etag.front() != '"' || etag.back() != '"') return std::nullopt;
  const std::string_view digits = etag.substr(1, etag.size() - 2);
  std::int64_t revision = 0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, revision);
  if (error != std::errc{} || rest != end || revision < 0) return std::nullopt;
  return revision;
}

std::optional<std::int64_t> revision_of_body(std::string_view body) {
  Parsed parsed;
  std::int64_t revision = 0;
  if (!parse(body, parsed)) return std::nullopt;
  if (parsed.root["revision"].get(revision) != simdjson::SUCCESS) return std::nullopt;
  return revision;
}

AdminError error_of(const AdminResponse& response) {
  Parsed parsed;
  dom::element error;
  if (!parse(response.body, parsed)) return {};
  if (parsed.root["error"].get(error) != simdjson::SUCCESS) return {};
  return {.type = text(error, "type"),
          .reason = text(error, "reason"),
          .slug = text(error, "slug"),
          .where = text(error, "where")};
}

std::optional<DecodeError> rejection_of(const AdminResponse& response) {
  AdminError error = error_of(response);
  const auto fault = parse_fault(error.slug);
  if (!fault) return std::nullopt;
  return DecodeError{.fault = *fault, .where = std::move(error.where)};
}

std::string describe_refusal(const AdminInstance& instance, const AdminResponse& response) {
  const std::string reason = printable(error_of(response).reason);
  std::string message = fmt::format("{}: responded {}", instance.to_string(), response.status);
  if (!reason.empty()) message += ": " + reason;
  if (response.status == 401) {
    message += "; give the instance's token with --token-file or OSPROXYCTL_TOKEN";
  } else if (reason.empty()) {
    message += "; is this osproxy's admin listener?";
  }
  return message;
}

std::string describe_unusable(const AdminInstance& instance, std::string_view fault) {
  return fmt::format("{}: its response does not count: {}", instance.to_string(), printable(fault));
}

std::optional<InstanceStatus> parse_status(std::string_view body) {
  Parsed parsed;
  dom::element store;
  if (!parse(body, parsed)) return std::nullopt;
  const dom::element root = parsed.root;
  if (root["store"].get(store) != simdjson::SUCCESS) return std::nullopt;
  InstanceStatus status{.instance = text(root, "instance"),
                        .version = text(root, "version"),
                        .uptime_ms = value_or_default<std::int64_t>(root, "uptime_ms"),
                        .store_kind = text(store, "kind"),
                        .state = text(store, "state"),
                        .since = text(store, "since"),
                        .reason = text(store, "reason"),
                        .revision = value_or_default<std::int64_t>(store, "revision"),
                        .verified_age_ms = std::nullopt,
                        .rejected = rejected_below(store),
                        .warnings = texts_below(store, "warnings"),
                        .directives = directives_below(root),
                        .upstreams = upstreams_below(root),
                        .json = visible_json(simdjson::minify(root))};
  if (status.instance.empty() || status.state.empty()) return std::nullopt;
  dom::element admin;
  if (root["admin"].get(admin) == simdjson::SUCCESS) {
    std::ranges::move(texts_below(admin, "warnings"), std::back_inserter(status.warnings));
  }
  std::string_view no_capture;
  std::ignore = root.at_pointer("/capture/reason").get(no_capture);
  if (!no_capture.empty()) {
    status.warnings.push_back(fmt::format("nothing is captured: {}", no_capture));
  }
  std::uint64_t sniffing = 0;
  std::ignore = root.at_pointer("/clients/sniffing_requests").get(sniffing);
  if (sniffing > 0) {
    status.warnings.push_back(fmt::format(
        "clients go past osproxy: {} requests for the nodes' addresses (_nodes/http)", sniffing));
  }
  std::int64_t age_ms = 0;
  if (store["verified_age_ms"].get(age_ms) == simdjson::SUCCESS) status.verified_age_ms = age_ms;
  return status;
}

std::optional<FlatObject> flatten_object(std::string_view body) {
  Parsed parsed;
  if (!parse(body, parsed) || !parsed.root.is_object()) return std::nullopt;
  FlatObject flat;
  flatten(parsed.root, "", flat);
  flat.json = visible_json(simdjson::minify(parsed.root));
  return flat;
}

std::vector<FlatObject> flatten_records(std::string_view body) {
  Parsed parsed;
  if (!parse(body, parsed) || !parsed.root.is_object()) return {};
  std::vector<FlatObject> records(1);
  flatten(parsed.root, "", records.front());
  records.front().json = simdjson::minify(parsed.root);
  simdjson::dom::array others;
  if (parsed.root["others"].get(others) != simdjson::SUCCESS) return records;
  const std::string rest = ",\"others\":" + simdjson::minify(others) + "}";
  std::string& first = records.front().json;
  if (first.ends_with(rest)) first.replace(first.size() - rest.size(), rest.size(), "}");
  for (const simdjson::dom::element other : others) {
    if (!other.is_object()) continue;
    FlatObject& flat = records.emplace_back();
    flatten(other, "", flat);
    flat.json = simdjson::minify(other);
  }
  return records;
}

std::optional<Recent> parse_recent(std::string_view body) {
  Parsed parsed;
  simdjson::dom::array records;
  if (!parse(body, parsed) || parsed.root["records"].get(records) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  Recent recent{.instance = text(parsed.root, "instance"),
                .records = {},
                .left_out = value_or_default<std::uint64_t>(parsed.root, "left_out")};
  if (recent.left_out > kMaxCounted) return std::nullopt;
  for (const simdjson::dom::element record : records) {
    recent.records.push_back(
        {.started = text(record, "started"), .json = simdjson::minify(record)});
  }
  return recent;
}

std::string join_records(std::span<const std::string> records) {
  std::string json = records.front();
  if (records.size() == 1) return json;
  json.pop_back();  // the brace that closes the record
  return json + fmt::format(",\"others\":[{}]}}", fmt::join(records.subspan(1), ","));
}

}  // namespace osproxy::cli
