#include "osproxy/store/state_file.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/core/hash.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/replace_file.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/core/secret_file.h"
#include "osproxy/directive/encode.h"

namespace osproxy {
namespace {

namespace dom = simdjson::dom;
namespace fs = std::filesystem;

// A newer format is refused, not read in part.
constexpr int kFormat = 1;

// A document of 1 MiB with 10,000 directives, and the two ends of each.
constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{8} << 20;

std::unexpected<std::string> refused(const fs::path& path, std::string_view why) {
  return std::unexpected(fmt::format("{}: {}", path.string(), why));
}

std::string first_line(std::string_view body) {
  return fmt::format("osproxy-state {} {:016x}\n", kFormat, fnv1a_64(body));
}

std::string encode(const SavedSet& saved) {
  JsonWriter json;
  json.begin_object().field("key", saved.key);
  json.field("cluster_id", fmt::format("{:x}", saved.cluster_id));
  json.field("revision", saved.revision).field("saved_at", format_rfc3339(saved.saved_at));
  json.field("boot_id", saved.boot_id).key("lives").begin_array();
  for (const Life& life : saved.lives) {
    json.begin_object().field("wall_end", format_rfc3339(life.wall_end));
    json.field("boot_end_ns", life.boot_end.time_since_epoch().count()).end_object();
  }
  json.end_array().key("document").raw(encode_document(saved.document)).end_object();
  const std::string body = std::move(json).take();
  return first_line(body) + body + "\n";
}

/// Returns the JSON after the first line, if its checksum fits; the error says why not.
std::expected<std::string_view, std::string> check_frame(std::string_view bytes) {
  constexpr std::string_view kMagic = "osproxy-state ";
  if (!bytes.starts_with(kMagic)) return std::unexpected("it is not a state file of osproxy");
  int format = 0;
  const char* const start = bytes.data() + kMagic.size();
  const auto [rest, error] = std::from_chars(start, bytes.data() + bytes.size(), format);
  if (error != std::errc{} || format != kFormat) {
    return std::unexpected(
        fmt::format("its format is not version {}, the only one that is supported", kFormat));
  }
  const std::size_t line_end = bytes.find('\n');
  if (line_end == std::string_view::npos || !bytes.ends_with('\n')) {
    return std::unexpected("it is cut off");
  }
  std::string_view body = bytes.substr(line_end + 1);
  if (!body.empty()) body.remove_suffix(1);
  if (bytes.substr(0, line_end + 1) != first_line(body)) {
    return std::unexpected("its checksum is wrong: it is torn, cut off or edited");
  }
  return body;
}

std::optional<Life> parse_life(dom::element element) {
  std::string_view wall;
  std::int64_t boot = 0;
  if (element["wall_end"].get(wall) != simdjson::SUCCESS) return std::nullopt;
  if (element["boot_end_ns"].get(boot) != simdjson::SUCCESS) return std::nullopt;
  const auto wall_end = parse_rfc3339_utc(wall);
  if (!wall_end) return std::nullopt;
  return Life{.wall_end = *wall_end, .boot_end = BootTime{std::chrono::nanoseconds{boot}}};
}

std::optional<std::vector<Life>> parse_lives(dom::element root) {
  dom::array array;
  if (root["lives"].get(array) != simdjson::SUCCESS) return std::nullopt;
  std::vector<Life> lives;
  for (const dom::element element : array) {
    const auto life = parse_life(element);
    if (!life) return std::nullopt;
    lives.push_back(*life);
  }
  return lives;
}

/// Reads all fields except the document.
std::optional<SavedSet> parse_fields(dom::element root) {
  std::string_view key;
  std::string_view cluster;
  std::string_view saved_at;
  std::string_view boot_id;
  std::int64_t revision = 0;
  if (root["key"].get(key) || root["cluster_id"].get(cluster) || root["saved_at"].get(saved_at) ||
      root["boot_id"].get(boot_id) || root["revision"].get(revision)) {
    return std::nullopt;
  }
  std::uint64_t cluster_id = 0;
  const char* const cluster_end = cluster.data() + cluster.size();
  if (std::from_chars(cluster.data(), cluster_end, cluster_id, 16).ptr != cluster_end) {
    return std::nullopt;
  }
  const auto time = parse_rfc3339_utc(saved_at);
  auto lives = parse_lives(root);
  if (!time || !lives) return std::nullopt;
  return SavedSet{.key = std::string(key),
                  .cluster_id = cluster_id,
                  .revision = revision,
                  .saved_at = *time,
                  .boot_id = std::string(boot_id),
                  .lives = *std::move(lives)};
}

std::expected<SavedSet, std::string> parse(std::string_view body, std::string_view key,
                                           const DecodeLimits& limits) {
  dom::parser parser;
  dom::element root;
  dom::element document;
  std::optional<SavedSet> saved;
  if (parser.parse(body.data(), body.size()).get(root) == simdjson::SUCCESS &&
      root["document"].get(document) == simdjson::SUCCESS) {
    saved = parse_fields(root);
  }
  if (!saved) return std::unexpected("it lacks fields of a state file");
  if (saved->key != key) {
    return std::unexpected(fmt::format("it is the state of the key {}, not of {}",
                                       json_string(saved->key), json_string(key)));
  }
  auto decoded = decode_document(simdjson::minify(document), limits);
  if (!decoded) {
    return std::unexpected(fmt::format("its document is refused: {} {}",
                                       to_string(decoded.error().fault), decoded.error().where));
  }
  saved->document = *std::move(decoded);
  if (saved->lives.size() != saved->document.directives.size()) {
    return std::unexpected("it does not have one life for each directive");
  }
  return *std::move(saved);
}

}  // namespace

std::string current_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::vector<Life> resumed_lives(const SavedSet& saved, std::string_view boot_id, Now now) {
  const bool same_boot = !boot_id.empty() && saved.boot_id == boot_id;
  std::vector<Life> lives;
  lives.reserve(saved.lives.size());
  for (const Life& life : saved.lives) {
    const Life by_wall = life_until(life.wall_end, now);
    lives.push_back(same_boot ? earlier_ends(by_wall, life) : by_wall);
  }
  return lives;
}

std::expected<std::optional<SavedSet>, std::string> load_state(const fs::path& path,
                                                               std::string_view key,
                                                               const DecodeLimits& limits) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) return std::nullopt;
  if (error) return refused(path, error.message());
  if (const auto fault = fault_of_trusted(path)) return refused(path, *fault);
  if (size > kMaxFileBytes) return refused(path, "it is too large for a state file");
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) return refused(path, "it cannot be read");
  const auto body = check_frame(bytes);
  if (!body) return refused(path, body.error());
  auto saved = parse(*body, key, limits);
  if (!saved) return refused(path, saved.error());
  return *std::move(saved);
}

std::expected<void, std::string> save_state(const fs::path& path, const SavedSet& saved) {
  return replace_file(path, encode(saved));
}

}  // namespace osproxy
