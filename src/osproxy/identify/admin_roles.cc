#include "osproxy/identify/admin_roles.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "osproxy/core/attribute_text.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/hmac.h"
#include "osproxy/core/sha256.h"

namespace osproxy {
namespace {

constexpr std::string_view kBlank = " \t\r";
constexpr std::size_t kMaxNameBytes = 64;  // a name for people, which logs and history repeat

constexpr std::array kRoles{Role::Viewer, Role::Operator, Role::Admin};

/// Takes the next word off the front of `text`; empty if there is none.
std::string_view take_word(std::string_view& text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlank));
  text.remove_prefix(word.size());
  return word;
}

/// The value of `key=value`, decoded; nullopt if `word` has another key or a bad value.
std::optional<std::string> value_of(std::string_view word, std::string_view key) {
  if (!word.starts_with(key) || !word.substr(key.size()).starts_with('=')) return std::nullopt;
  auto value = percent_decode(word.substr(key.size() + 1));
  if (!value || value->empty() || !is_clean_attribute(*value)) return std::nullopt;
  return value;
}

}  // namespace

std::string_view to_string(Role role) noexcept {
  switch (role) {
    case Role::Viewer:
      return "viewer";
    case Role::Operator:
      return "operator";
    case Role::Admin:
      return "admin";
  }
  std::unreachable();
}

std::optional<Role> parse_role(std::string_view text) noexcept {
  for (const Role role : kRoles) {
    if (text == to_string(role)) return role;
  }
  return std::nullopt;
}

bool Caller::sees(std::string_view tenant) const noexcept {
  return tenants.empty() || std::ranges::binary_search(tenants, tenant);
}

bool is_caller_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, [](char c) {
    return c > 0x20 && c < 0x7F && c != '#' && c != '%' && c != '=';
  });
}

std::expected<AdminRoles::Line, std::string> AdminRoles::parse_line(std::string_view text) {
  Caller caller{.name = std::string(take_word(text))};
  if (!is_caller_name(caller.name)) {
    return std::unexpected("has no good name: 1 to 64 visible ASCII characters without #, % and =");
  }
  const auto role = parse_role(take_word(text));
  if (!role) return std::unexpected("has an unknown role: there are viewer, operator and admin");
  caller.role = *role;
  caller.is_named = true;

  constexpr std::array<std::pair<Proof, std::string_view>, 5> kProofs{{{Proof::Token, "sha256"},
                                                                       {Proof::CommonName, "cn"},
                                                                       {Proof::Dns, "dns"},
                                                                       {Proof::Uri, "uri"},
                                                                       {Proof::Email, "email"}}};
  const std::string_view proof = take_word(text);
  std::optional<Line> line;
  for (const auto& [kind, key] : kProofs) {
    if (auto value = value_of(proof, key)) line = {kind, *std::move(value), nullptr};
  }
  if (!line) {
    return std::unexpected(
        "has no good proof after the role: sha256=HEX, cn=NAME, dns=NAME, uri=URI or "
        "email=ADDRESS");
  }
  if (line->proof == Proof::Token) {
    const auto digest = from_hex(line->value);
    if (!digest || digest->size() != kSha256Bytes) {
      return std::unexpected("has a sha256= without 64 hex digits");
    }
    line->value = *digest;
  }
  for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
    auto tenant = value_of(word, "tenant");
    if (!tenant) return std::unexpected("has a word after the proof that is no tenant=NAME");
    caller.tenants.push_back(*std::move(tenant));
  }
  std::ranges::sort(caller.tenants);
  const auto repeated = std::ranges::unique(caller.tenants);
  caller.tenants.erase(repeated.begin(), repeated.end());
  line->caller = std::make_shared<const Caller>(std::move(caller));
  return *std::move(line);
}

std::expected<AdminRoles, std::string> AdminRoles::parse(std::string_view text) {
  AdminRoles roles;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    if (line.empty() || line.starts_with('#')) continue;
    auto parsed = parse_line(line);
    if (!parsed) return std::unexpected(fmt::format("line {} {}", number, parsed.error()));
    const bool is_known = std::ranges::any_of(roles.lines_, [&](const Line& other) {
      return other.proof == parsed->proof && other.value == parsed->value;
    });
    if (is_known) {
      return std::unexpected(
          fmt::format("line {} has the token or the certificate of an earlier line", number));
    }
    if (roles.lines_.size() == kMaxLines) {
      return std::unexpected(
          fmt::format("line {} is one too many: there may be {}", number, kMaxLines));
    }
    roles.lines_.push_back(*std::move(parsed));
  }
  return roles;
}

AdminRoles AdminRoles::of_token(std::string_view token) {
  AdminRoles roles;
  roles.add_admin(token);
  return roles;
}

void AdminRoles::add_admin(std::string_view token) {
  // Without a digest nobody presents this token; it still closes the listener to strangers.
  lines_.push_back(
      {.proof = Proof::Token,
       .value = sha256(token).value_or(""),
       .caller = std::make_shared<const Caller>(Caller{.name = "admin", .role = Role::Admin})});
}

bool AdminRoles::knows_certificates() const noexcept {
  return std::ranges::any_of(lines_, [](const Line& line) { return line.proof != Proof::Token; });
}

CallerPointer AdminRoles::find_token(std::string_view token) const {
  const auto digest = sha256(token);
  if (!digest) return nullptr;
  CallerPointer found;
  for (const Line& line : lines_) {
    if (line.proof != Proof::Token) continue;
    if (equal_in_constant_time(line.value, *digest)) found = line.caller;
  }
  return found;
}

bool AdminRoles::proves(const Line& line, const CertificateNames& names) {
  const auto has = [&line](const std::vector<std::string>& values) {
    return std::ranges::find(values, line.value) != values.end();
  };
  switch (line.proof) {
    case Proof::Token:
      return false;
    case Proof::CommonName:
      return names.common_name == line.value;
    case Proof::Dns:
      return has(names.dns);
    case Proof::Uri:
      return has(names.uris);
    case Proof::Email:
      return has(names.emails);
  }
  std::unreachable();
}

CallerPointer AdminRoles::find_certificate(const CertificateNames& names) const {
  const auto line =
      std::ranges::find_if(lines_, [&](const Line& one) { return proves(one, names); });
  return line == lines_.end() ? nullptr : line->caller;
}

std::string format_role_line(const Caller& caller, std::string_view token) {
  std::string line = fmt::format("{} {} sha256={}", caller.name, to_string(caller.role),
                                 to_hex(sha256(token).value_or("")));
  for (const std::string& tenant : caller.tenants) line += " tenant=" + percent_encode(tenant);
  return line;
}

}  // namespace osproxy
