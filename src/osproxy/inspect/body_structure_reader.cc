#include "osproxy/inspect/body_structure_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "osproxy/inspect/shape_hash.h"

namespace osproxy {
namespace {

/// True if bodies of the endpoint are queries or documents.
bool is_known(Endpoint endpoint) noexcept {
  return endpoint != Endpoint::Admin && endpoint != Endpoint::Unknown;
}

}  // namespace

BodyStructureReader::Lines BodyStructureReader::lines_of(const BodyHead& head) noexcept {
  if (head.is_by_query) return Lines::None;
  if (head.endpoint == Endpoint::IngestBulk) return Lines::Bulk;
  return head.endpoint == Endpoint::MultiSearch ? Lines::MultiSearch : Lines::None;
}

StructureTree::Content BodyStructureReader::content_of(Kind kind) const noexcept {
  const bool is_source = kind == Kind::IndexSource || kind == Kind::CreateSource;
  return is_source ? StructureTree::Content::Document : content_;
}

std::string_view BodyStructureReader::name_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::Body:
      return "body";
    case Kind::Index:
      return "index";
    case Kind::IndexSource:
      return "index.source";
    case Kind::Create:
      return "create";
    case Kind::CreateSource:
      return "create.source";
    case Kind::Update:
      return "update";
    case Kind::UpdateSource:
      return "update.source";
    case Kind::Delete:
      return "delete";
    case Kind::OtherAction:
      return "other";
    case Kind::Header:
      return "header";
    case Kind::Search:
      return "search";
  }
  std::unreachable();
}

BodyStructureReader::BodyStructureReader(const BodyHead& head)
    : lines_(lines_of(head)),
      shows_names_(is_known(head.endpoint)),
      content_(head.endpoint == Endpoint::IngestDoc ? StructureTree::Content::Document
                                                    : StructureTree::Content::Query),
      body_(head, kMaxBytes) {
  if (lines_ == Lines::MultiSearch) line_.kind = Kind::Header;
  if (lines_ == Lines::Bulk) line_.kind = Kind::OtherAction;
  line_.next = line_.kind;
  if (body_.unreadable() != NotRead::None) stop(body_.unreadable());
  begin_line();
}

void BodyStructureReader::stop(NotRead reason) noexcept {
  reading_ = false;
  result_.not_read = reason;
}

/// Keeps the first reason.
void BodyStructureReader::truncate(Truncation reason) noexcept {
  if (result_.truncated == Truncation::None) result_.truncated = reason;
}

void BodyStructureReader::take(std::string_view payload) noexcept {
  const NotRead reason =
      body_.feed(payload, [this](std::string_view plain) { return take_plain(plain); });
  if (!reading_) return;
  if (reason == NotRead::TooLong) {
    truncate(Truncation::TooLong);
    reading_ = false;
  } else if (reason != NotRead::None) {
    stop(reason);
  }
}

/// True if the reader wants more.
bool BodyStructureReader::take_plain(std::string_view plain) noexcept {
  if (lines_ == Lines::None) {
    line_.bytes += plain.size();
    take_json(plain);
  } else {
    take_lines(plain);
  }
  return reading_;
}

void BodyStructureReader::take_lines(std::string_view plain) noexcept {
  while (reading_ && !plain.empty()) {
    const std::size_t end = std::min(plain.find('\n'), plain.size());
    line_.bytes += end;
    take_json(plain.substr(0, end));
    if (end == plain.size()) return;
    if (reading_) end_line();
    plain.remove_prefix(end + 1);
  }
}

void BodyStructureReader::take_json(std::string_view json) noexcept {
  while (reading_) {
    const JsonScanner::Token token = scanner_.next(json);
    if (token == JsonScanner::Token::NeedMore) return;
    take_token(token);
  }
}

/// Ends a line, or a body without lines.
void BodyStructureReader::end_line() noexcept {
  if (line_.bytes == 0) return begin_line();  // the header of a search may be an empty line
  JsonScanner::Token token = scanner_.finish();
  if (token == JsonScanner::Token::Number) {
    take_token(token);
    token = scanner_.finish();
  }
  if (token != JsonScanner::Token::End) {
    return stop(token == JsonScanner::Token::TooDeep ? NotRead::TooDeep : NotRead::Malformed);
  }
  count_line();
  begin_line();
}

void BodyStructureReader::begin_line() noexcept {
  line_.kind = line_.next;
  line_.bytes = 0;
  scanner_ = JsonScanner();
  line_.lacks_action = false;
  switch (lines_) {
    case Lines::None:
      return;
    case Lines::
        Bulk:  // after an action another one, unless take_action() says that a source follows
      line_.next = Kind::OtherAction;
      return;
    case Lines::MultiSearch:
      line_.next = line_.kind == Kind::Header ? Kind::Search : Kind::Header;
      return;
  }
}

StructureTree::Node BodyStructureReader::root_of(Kind kind) noexcept {
  Part& part = parts_[static_cast<std::size_t>(kind)];
  if (part.root == StructureTree::kNone &&
      std::find(order_.begin(), order_.begin() + seen_, kind) == order_.begin() + seen_) {
    part.root = tree_.new_root(content_of(kind));
    order_[seen_++] = kind;
  }
  return part.root;
}

BodyStructureReader::Open* BodyStructureReader::innermost() noexcept {
  const std::size_t depth = scanner_.depth();
  return depth == 0 || depth > kMaxDepth ? nullptr : &open_[depth - 1];
}

void BodyStructureReader::take_token(JsonScanner::Token token) noexcept {
  using Token = JsonScanner::Token;
  switch (token) {
    case Token::BeginObject:
      return begin(true);
    case Token::BeginArray:
      return begin(false);
    case Token::EndObject:
    case Token::EndArray:
      return end(scanner_.depth());
    case Token::Key:
      return take_key();
    case Token::String:
      return take_scalar(JsonType::String, scanner_.size());
    case Token::Number:
      return take_scalar(JsonType::Number, 0);
    case Token::True:
    case Token::False:
      return take_scalar(JsonType::Boolean, 0);
    case Token::Null:
      return take_scalar(JsonType::Null, 0);
    case Token::Malformed:
      return stop(NotRead::Malformed);
    case Token::TooDeep:
      return stop(NotRead::TooDeep);
    case Token::NeedMore:
    case Token::End:
      return;
  }
}

void BodyStructureReader::take_key() noexcept {
  Open* const open = innermost();
  if (open == nullptr) return;
  const std::string_view key = scanner_.text();
  if (line_.lacks_action && scanner_.depth() == 1) take_action(key);
  KeyLook look = KeyLook::Value;
  if (scanner_.is_text_whole() && is_dsl_keyword(key)) {
    look = tree_.is_in_document(open->node) ? KeyLook::Name : KeyLook::Keyword;
  } else if (!shows_names_) {
    look = KeyLook::Hidden;
  } else if (scanner_.is_text_whole() && looks_like_name(key)) {
    look = KeyLook::Name;
  }
  open->names += look == KeyLook::Name ? 1U : 0U;
  open->values += look == KeyLook::Value ? 1U : 0U;
  pending_ = tree_.child(open->node, key, look);
}

/// The first key of an action line names the action, and so the kind of the next line.
void BodyStructureReader::take_action(std::string_view action) noexcept {
  line_.lacks_action = false;
  if (action == "index") {
    line_.kind = Kind::Index;
    line_.next = Kind::IndexSource;
  } else if (action == "create") {
    line_.kind = Kind::Create;
    line_.next = Kind::CreateSource;
  } else if (action == "update") {
    line_.kind = Kind::Update;
    line_.next = Kind::UpdateSource;
  } else if (action == "delete") {
    line_.kind = Kind::Delete;
  }
  open_[0].node = root_of(line_.kind);
}

/// The node of the value that begins now, inside `depth` containers.
StructureTree::Node BodyStructureReader::next_value(std::size_t depth) noexcept {
  if (depth == 0) return root_of(line_.kind);
  if (depth > kMaxDepth) return StructureTree::kNone;
  Open& open = open_[depth - 1];
  ++open.size;
  return open.object ? std::exchange(pending_, StructureTree::kNone) : tree_.element(open.node);
}

void BodyStructureReader::take_scalar(JsonType type, std::uint64_t size) noexcept {
  tree_.count(next_value(scanner_.depth()), type, size);
}

void BodyStructureReader::begin(bool object) noexcept {
  const std::size_t depth = scanner_.depth();
  if (depth > kMaxDepth) return truncate(Truncation::TooDeep);
  // The kind of an action line, and so the root of its tree, is known from its first key on.
  line_.lacks_action = depth == 1
                           ? object && lines_ == Lines::Bulk && line_.kind == Kind::OtherAction
                           : line_.lacks_action;
  const bool unknown = depth == 1 && line_.lacks_action;
  open_[depth - 1] = {.node = unknown ? StructureTree::kNone : next_value(depth - 1),
                      .object = object};
}

void BodyStructureReader::end(std::size_t depth) noexcept {
  if (depth >= kMaxDepth) return;
  const Open& open = open_[depth];
  tree_.count(open.node, open.object ? JsonType::Object : JsonType::Array, open.size);
  if (open.object) tree_.end_object(open.node, open.names, open.values);
}

/// Counts a line that was not read to its end as far as it was read.
void BodyStructureReader::end_open_line() noexcept {
  if (line_.bytes == 0) return;
  for (std::size_t depth = scanner_.depth(); depth > 0; --depth) end(depth - 1);
  count_line();
}

void BodyStructureReader::count_line() noexcept {
  root_of(line_.kind);  // also of `{}`
  Part& part = parts_[static_cast<std::size_t>(line_.kind)];
  ++part.count;
  part.bytes += line_.bytes;
}

void BodyStructureReader::end_body(bool whole) noexcept {
  if (reading_ && !whole) {
    truncate(Truncation::CutOff);
  } else if (reading_ && body_.bytes() == 0) {
    stop(body_.is_cut_off() ? NotRead::Malformed : NotRead::NoBody);
  } else if (reading_ && (lines_ == Lines::None || line_.bytes > 0)) {
    end_line();
  }
  if (result_.not_read == NotRead::None && (!whole || !reading_)) end_open_line();
}

std::optional<std::string> BodyStructureReader::shape_text() const {
  if (result_.not_read != NotRead::None || result_.truncated != Truncation::None || tree_.full()) {
    return std::nullopt;
  }
  StructureTree tree = tree_;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < seen_; ++i) {
    tree.add_shape(parts_[static_cast<std::size_t>(order_[i])].root, name_of(order_[i]), lines);
  }
  if (tree.full()) return std::nullopt;
  return make_shape_text(std::move(lines));
}

BodyStructure BodyStructureReader::take_structure() {
  if (result_.not_read != NotRead::None) return std::move(result_);
  for (std::size_t i = 0; i < seen_; ++i) {
    const Part& part = parts_[static_cast<std::size_t>(order_[i])];
    result_.parts.push_back({.kind = name_of(order_[i]),
                             .count = part.count,
                             .bytes = part.bytes,
                             .fields = {},
                             .folded = {}});
    tree_.write_to(part.root, result_.parts.back());
  }
  if (tree_.full()) truncate(Truncation::TooManyPaths);
  return std::move(result_);
}

}  // namespace osproxy
