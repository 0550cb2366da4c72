#include "osproxy/store/history_json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/core/encoding.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/core/visible_text.h"
#include "osproxy/store/deflate.h"

namespace osproxy {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxDepth = 32;  // a list has four levels, and a document its own
constexpr std::size_t kMaxDocumentBytes = std::size_t{2} << 20;  // etcd takes 1.5 MiB
constexpr std::size_t kMaxBodyBytes = std::size_t{16} << 20;     // an instance's largest response
constexpr std::size_t kMaxTextBytes = 4 * kMaxNoteBytes;

void write_ids(JsonWriter& json, std::string_view name, const DirectiveIds& ids) {
  json.key(name).begin_array();
  for (const std::string& id : ids.ids) json.value(id);
  json.end_array().field(fmt::format("{}_count", name), ids.count);
}

/// The fields that the value in etcd and the admin listener have alike.
void write_facts(JsonWriter& json, const HistoryEntry& entry) {
  json.field("time", format_rfc3339(entry.time));
  json.field("author", entry.note.author).field("by", entry.note.by);
  json.field("reason", entry.note.reason).field("previous", entry.previous);
  json.field("deleted", entry.deleted).field_or_null("rejected", entry.rejected);
  json.field("after_gap", entry.is_after_gap).field("late", entry.is_late);
  json.field("directives", entry.directives);
  if (!entry.diff) return;
  write_ids(json, "came", entry.diff->came);
  write_ids(json, "went", entry.diff->went);
  write_ids(json, "changed", entry.diff->changed);
}

std::optional<std::string> text_of(dom::element object, const char* name) {
  std::string_view text;
  if (object[name].get(text) != simdjson::SUCCESS || text.size() > kMaxTextBytes) {
    return std::nullopt;
  }
  return std::string(text);
}

std::int64_t count_of(dom::element object, const char* name) {
  std::int64_t count = 0;
  return object[name].get(count) == simdjson::SUCCESS ? std::max<std::int64_t>(count, 0) : 0;
}

bool flag_of(dom::element object, const char* name) {
  bool flag = false;
  return object[name].get(flag) == simdjson::SUCCESS && flag;
}

std::optional<DirectiveIds> read_ids(dom::element object, const std::string& name) {
  dom::array array;
  if (object[name].get(array) != simdjson::SUCCESS) return std::nullopt;
  DirectiveIds ids;
  for (const dom::element element : array) {
    std::string_view id;
    if (element.get(id) != simdjson::SUCCESS || id.size() > kMaxDirectiveIdBytes) {
      return std::nullopt;
    }
    ids.add(std::string(id));
  }
  ids.count = std::max(ids.count, count_of(object, (name + "_count").c_str()));
  return ids;
}

/// The facts, or the name of the field that is wrong.
std::expected<HistoryEntry, std::string> read_facts(dom::element object) {
  HistoryEntry entry;
  const auto time = text_of(object, "time");
  const auto parsed = time ? parse_rfc3339_utc(*time) : std::nullopt;
  if (!parsed) return std::unexpected("time is not a time in UTC");
  entry.time = *parsed;
  const auto author = text_of(object, "author");
  const auto by = text_of(object, "by");
  const auto reason = text_of(object, "reason");
  if (!author || !by || !reason) return std::unexpected("author, by or reason is not a text");
  entry.note = clean_note({.author = *author, .by = *by, .reason = *reason});
  entry.previous = count_of(object, "previous");
  entry.deleted = flag_of(object, "deleted");
  entry.rejected = visible_text(text_of(object, "rejected").value_or(""));
  entry.is_after_gap = flag_of(object, "after_gap");
  entry.is_late = flag_of(object, "late");
  entry.directives = count_of(object, "directives");
  auto came = read_ids(object, "came");
  auto went = read_ids(object, "went");
  auto changed = read_ids(object, "changed");
  if (came && went && changed) {
    entry.diff = DocumentDiff{
        .came = *std::move(came), .went = *std::move(went), .changed = *std::move(changed)};
  }
  return entry;
}

/// The document of an entry's value; false: it is damaged.
bool read_packed(dom::element object, EntryPart part, HistoryEntry& entry) {
  std::string_view packed;
  if (object["document"].get(packed) != simdjson::SUCCESS) {
    entry.is_kept = entry.deleted;
    return object["document"].is_null();
  }
  if (part == EntryPart::WithoutDocument) return true;
  const auto bytes = from_base64(packed);
  if (!bytes) return false;
  entry.document = inflate_text(*bytes, kMaxDocumentBytes);
  return entry.document.has_value();
}

void write_document(JsonWriter& json, const HistoryEntry& entry) {
  json.key("document");
  if (!entry.document) {
    json.null();
  } else if (dom::parser parser;
             parser.parse(entry.document->data(), entry.document->size()).error() ==
             simdjson::SUCCESS) {
    json.raw(visible_json(*entry.document));
  } else {
    json.value(*entry.document);
  }
}

void write_public(JsonWriter& json, const HistoryEntry& entry) {
  json.field("revision", entry.revision);
  if (!entry.fault.empty()) {
    json.field("fault", entry.fault);
    return;
  }
  json.field("kept", entry.is_kept);
  write_facts(json, entry);
}

std::optional<HistoryEntry> read_public(dom::element object) {
  std::int64_t revision = 0;
  if (object["revision"].get(revision) != simdjson::SUCCESS) return std::nullopt;
  if (auto fault = text_of(object, "fault")) {
    return HistoryEntry{.revision = revision, .fault = visible_text(*fault)};
  }
  auto entry = read_facts(object);
  if (!entry) return std::nullopt;
  entry->revision = revision;
  entry->is_kept = flag_of(object, "kept");
  return *std::move(entry);
}

std::optional<dom::element> parse_object(dom::parser& parser, std::string_view text,
                                         std::size_t max_bytes) {
  dom::element root;
  if (text.size() > max_bytes || parser.allocate(text.size(), kMaxDepth) != simdjson::SUCCESS ||
      parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return std::nullopt;
  }
  return root;
}

}  // namespace

std::string encode_entry(const HistoryEntry& entry) {
  JsonWriter json;
  json.begin_object().field("format", kHistoryFormat);
  write_facts(json, entry);
  json.key("document");
  const std::string packed = entry.document ? deflate_text(*entry.document) : std::string();
  if (packed.empty() || packed.size() > kMaxKeptDocument) {
    json.null();
  } else {
    json.value(to_base64(packed));
  }
  json.end_object();
  return std::move(json).take();
}

std::expected<HistoryEntry, std::string> decode_entry(std::string_view value, std::int64_t revision,
                                                      EntryPart part) {
  dom::parser parser;
  const auto root = parse_object(parser, value, kMaxEntryBytes);
  if (!root) return std::unexpected("it is damaged: not a JSON object of an entry's size");
  std::int64_t format = 0;
  if ((*root)["format"].get(format) != simdjson::SUCCESS) {
    return std::unexpected("it is damaged: it has no format");
  }
  if (format != kHistoryFormat) {
    return std::unexpected(
        fmt::format("it has format {}, and this version reads {}: use a newer version", format,
                    kHistoryFormat));
  }
  auto entry = read_facts(*root);
  if (!entry) return std::unexpected("it is damaged: " + entry.error());
  entry->revision = revision;
  if (!read_packed(*root, part, *entry)) return std::unexpected("its document is damaged");
  return *std::move(entry);
}

std::string history_json(const HistoryList& list) {
  JsonWriter json;
  json.begin_object().key("entries").begin_array();
  for (const HistoryEntry& entry : list.entries) {
    json.begin_object();
    write_public(json, entry);
    json.end_object();
  }
  json.end_array().field("has_more", list.has_more).end_object();
  return std::move(json).take();
}

std::optional<HistoryList> parse_history(std::string_view body) {
  dom::parser parser;
  const auto root = parse_object(parser, body, kMaxBodyBytes);
  dom::array entries;
  if (!root || (*root)["entries"].get(entries) != simdjson::SUCCESS) return std::nullopt;
  HistoryList list{.entries = {}, .has_more = flag_of(*root, "has_more")};
  for (const dom::element element : entries) {
    auto entry = read_public(element);
    if (!entry) return std::nullopt;
    list.entries.push_back(*std::move(entry));
  }
  return list;
}

std::string entry_json(const HistoryEntry& entry) {
  JsonWriter json;
  json.begin_object();
  write_public(json, entry);
  write_document(json, entry);
  json.end_object();
  return std::move(json).take();
}

std::optional<HistoryEntry> parse_entry(std::string_view body) {
  dom::parser parser;
  const auto root = parse_object(parser, body, kMaxBodyBytes);
  if (!root) return std::nullopt;
  auto entry = read_public(*root);
  dom::element document;
  if (!entry || (*root)["document"].get(document) != simdjson::SUCCESS || document.is_null()) {
    return entry;
  }
  std::string_view text;
  entry->document = document.get(text) == simdjson::SUCCESS
                        ? std::string(text)
                        : std::string(simdjson::minify(document));
  return entry;
}

}  // namespace osproxy
