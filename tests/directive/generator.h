// Documents and requests made up from a source of choices: a seeded Random in tests, the input's
// bytes in fuzzers. The alphabets are small, so that directives and requests meet often.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/cidr.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/model.h"

namespace osproxy::testing {

/// A request that owns its attributes.
struct GeneratedRequest {
  std::string tenant;
  std::string index;
  std::string principal;
  Endpoint endpoint = Endpoint::Unknown;
  std::string id;
  bool principal_verified = false;
  std::string client;
  std::string agent;
  std::string opaque_id;

  Attributes attributes() const {
    return {.tenant = tenant,
            .index = index,
            .principal = principal,
            .endpoint = endpoint,
            .principal_verified = principal_verified,
            .client = client,
            .agent = agent,
            .opaque_id = opaque_id,
            .client_address = IpAddress::parse(client).value_or(IpAddress{})};
  }
};

/// `Source` has `std::uint64_t below(std::uint64_t bound)`.
template <class Source>
class Generator {
 public:
  Generator(Source& source, WallTime around) : source_(source), around_(around) {}

  std::uint64_t below(std::uint64_t bound) { return source_.below(bound); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  template <class T, std::size_t size>
  const T& pick(const T (&choices)[size]) {
    return choices[below(size)];
  }

  Document document(std::uint64_t max_directives) {
    Document document;
    const std::uint64_t count = below(max_directives + 1);
    for (std::uint64_t i = 0; i < count; ++i) {
      document.directives.push_back(directive("d" + std::to_string(i)));
    }
    return document;
  }

  Directive directive(std::string id) {
    Directive directive;
    directive.id = std::move(id);
    directive.level = static_cast<Level>(below(4));
    directive.end = end();
    directive.target = target();
    directive.sample_per_mille = one_in(3) ? pick(kRates) : 1000;
    directive.ring_buffer = one_in(4);
    directive.capture = one_in(4);
    if (one_in(6)) directive.min_latency = std::chrono::milliseconds{below(3000)};
    if (one_in(6)) directive.status = StatusFilter::parse(pick(kStatuses));
    if (one_in(6)) directive.max_records = 1 + below(4);
    if (one_in(6)) directive.shape = below(3);
    if (one_in(6)) directive.min_failed_items = 1 + below(3);
    if (one_in(6)) directive.reason = text();
    if (one_in(6)) directive.author = text();
    return directive;
  }

  GeneratedRequest request() {
    return {.tenant = one_in(4) ? "" : pick(kTenants),
            .index = expression(),
            .principal = one_in(4) ? "" : pick(kPrincipals),
            .endpoint = static_cast<Endpoint>(below(kEndpointCount)),
            .id = "request-" + std::to_string(below(5000)),
            .principal_verified = one_in(2),
            .client = one_in(4) ? "" : pick(kClients),
            .agent = one_in(4) ? "" : pick(kAgents),
            .opaque_id = one_in(4) ? "" : pick(kOpaqueIds)};
  }

  Outcome outcome() {
    return {.latency = std::chrono::milliseconds{below(3000)},
            .status = static_cast<int>(100 + below(500)),
            .shape = one_in(3) ? std::nullopt : std::optional(below(3)),
            .failed_items = one_in(3) ? std::nullopt : std::optional(below(4))};
  }

  std::string expression() {
    std::string expression;
    for (std::uint64_t elements = below(5); elements > 0; --elements) {
      if (!expression.empty()) expression += ',';
      expression += pick(kElements);
    }
    return expression;
  }

  /// One line of text with everything that could break an encoder.
  std::string text() {
    std::string text;
    for (std::uint64_t pieces = below(6); pieces > 0; --pieces) text += pick(kPieces);
    return text;
  }

 private:
  PublishedEnd end() {
    if (one_in(2)) return RelativeEnd{1 + static_cast<std::int64_t>(below(100))};
    return AbsoluteEnd{around_ + std::chrono::milliseconds{below(200'000)} -
                       std::chrono::seconds{50}};
  }

  Target target() {
    Target target;
    if (one_in(2)) target.tenant = pick(kTenants);
    if (one_in(2)) target.index = pick(kNames);
    if (one_in(3)) target.principal = pick(kPrincipals);
    target.principal_verified = one_in(6);
    if (one_in(3)) target.endpoint = static_cast<Endpoint>(below(kEndpointCount));
    if (one_in(3)) target.client = parse_cidr(pick(kBlocks)).value();
    if (one_in(4)) target.agent = pick(kAgents);
    if (one_in(6)) target.opaque_id = pick(kOpaqueIds);
    return target;
  }

  static constexpr const char* kTenants[] = {"acme", "bolt", "caf\u00e9 \"\\\n"};
  static constexpr const char* kPrincipals[] = {"ana", "bo"};
  static constexpr const char* kClients[] = {"10.1.2.3",    "10.1.2.4", "10.200.0.1", "11.0.0.1",
                                             "2001:db8::1", "::1",      "::"};
  static constexpr const char* kBlocks[] = {
      "10.1.2.3",     "10.1.2.4/31", "10.1.2.2/31", "10.1.2.0/24",   "10.0.0.0/8",
      "10.128.0.0/9", "0.0.0.0/0",   "::/0",        "2001:db8::/32", "2001:db8::1",
      "::/8",         "::1",         "10.0.0.0/15", "10.0.0.0/7",    "2000::/3"};
  static constexpr const char* kAgents[] = {"curl", "curl/8.0", "curl/8.1", "curly", "curl/8.0/x"};
  static constexpr const char* kOpaqueIds[] = {"job", "job 7"};
  static constexpr const char* kNames[] = {"logs-1", "logs-2",  "logs",  "metrics",          "a",
                                           "-a",     "*",       "log*s", "<logs-{now/d}>",   "_all",
                                           "logs-",  "xlogs-1", "aa",    "<logs-*{now/d-1}>"};
  static constexpr const char* kElements[] = {"logs-1",
                                              "logs-2",
                                              "logs",
                                              "metrics",
                                              "a",
                                              "aa",
                                              "-a",
                                              "*",
                                              "_all",
                                              "logs-*",
                                              "*-1",
                                              "*og*",
                                              "l*-*",
                                              "-",
                                              "-*-1",
                                              "-logs-1",
                                              "-_all",
                                              "-l*",
                                              "",
                                              "**",
                                              "a*a",
                                              "*a",
                                              "l*s",
                                              "-metrics",
                                              "missing",
                                              "<logs-{now/d}>",
                                              "-<logs-{now/d}>",
                                              "<logs-*{now/d-1}>"};
  static constexpr int kRates[] = {0, 1, 250, 500, 999, 1000};
  static constexpr const char* kStatuses[] = {"1xx", "2xx", "5xx", "200", "429", "599"};
  static constexpr const char* kPieces[] = {"\"",     "\\",         "/",        "incident 4",
                                            "\u20ac", "\U0001f600", "\u2028",   "{}[]:,",
                                            "\u00e9", "null",       "</script>"};

  Source& source_;
  WallTime around_;
};

}  // namespace osproxy::testing
