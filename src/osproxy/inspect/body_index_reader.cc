#include "osproxy/inspect/body_index_reader.h"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "osproxy/core/attribute_text.h"
#include "osproxy/directive/index_elements.h"

namespace osproxy {

BodyIndexReader::Form BodyIndexReader::form_of(const BodyHead& head) noexcept {
  if (head.is_by_query) return Form::Reindex;
  if (head.endpoint == Endpoint::MultiSearch) return Form::MultiSearch;
  return head.endpoint == Endpoint::MultiGet ? Form::Documents : Form::Bulk;
}

BodyIndexReader::BodyIndexReader(const BodyHead& head) noexcept
    : form_(form_of(head)), body_(head, kMaxBytes) {
  next_is_skipped_ = form_ == Form::MultiSearch;
  if (body_.unreadable() != NotRead::None) give_up();
}

void BodyIndexReader::give_up() noexcept {
  reading_ = false;
  result_.is_whole = false;
}

void BodyIndexReader::take(std::string_view payload) noexcept {
  const NotRead reason =
      body_.feed(payload, [this](std::string_view plain) { return take_plain(plain); });
  if (reason != NotRead::None) give_up();
  if (!reading_) body_.close();
}

/// True if the reader wants more.
bool BodyIndexReader::take_plain(std::string_view plain) noexcept {
  if (has_lines()) {
    take_lines(plain);
  } else {
    take_json(plain);
  }
  return reading_;
}

void BodyIndexReader::take_lines(std::string_view plain) noexcept {
  while (reading_ && !plain.empty()) {
    const std::size_t end = std::min(plain.find('\n'), plain.size());
    line_is_empty_ = line_is_empty_ && end == 0;
    if (!skips_line_) take_json(plain.substr(0, end));
    if (end == plain.size()) return;
    end_line();
    plain.remove_prefix(end + 1);
  }
}

/// An empty line is no action of a bulk, but may be a header of a multi-search.
void BodyIndexReader::end_line() noexcept {
  if (!skips_line_) tally_.end_line();
  if (!line_is_empty_ || form_ == Form::MultiSearch) {
    skips_line_ = std::exchange(next_is_skipped_, form_ == Form::MultiSearch && skips_line_);
  }
  line_is_empty_ = true;
  index_depth_ = 0;
  scanner_ = JsonScanner();
}

void BodyIndexReader::take_json(std::string_view json) noexcept {
  while (reading_) {
    const JsonScanner::Token token = scanner_.next(json);
    if (token == JsonScanner::Token::NeedMore) return;
    take_token(token);
  }
}

void BodyIndexReader::take_token(JsonScanner::Token token) noexcept {
  using Token = JsonScanner::Token;
  switch (token) {
    case Token::Key:
      return take_key();
    case Token::String:
      if (index_depth_ != 0) add_name();
      return;
    case Token::BeginArray:  // a list of indices
      if (scanner_.depth() != index_depth_ + 1) index_depth_ = 0;
      return;
    case Token::BeginObject:
    case Token::EndObject:
    case Token::EndArray:
      index_depth_ = 0;
      return;
    case Token::Malformed:
    case Token::TooDeep:
      return give_up();
    case Token::Number:
    case Token::True:
    case Token::False:
    case Token::Null:
    case Token::NeedMore:
    case Token::End:
      return;
  }
}

void BodyIndexReader::take_key() noexcept {
  const std::string_view key = scanner_.text();
  const std::size_t depth = scanner_.depth();
  index_depth_ = is_index_key(key, depth) ? depth : 0;
  if (depth != 1) return;
  member_ = Member::Other;
  if (form_ == Form::Documents && key == "docs") member_ = Member::Documents;
  if (form_ == Form::Reindex && (key == "source" || key == "dest")) {
    member_ = Member::SourceOrDestination;
  }
  if (form_ == Form::Bulk) {
    next_is_skipped_ = key != "delete";
    tally_.take_action(key);
  }
}

bool BodyIndexReader::is_index_key(std::string_view key, std::size_t depth) const noexcept {
  switch (form_) {
    case Form::Bulk:
      return depth == 2 && key == "_index";
    case Form::MultiSearch:
      return depth == 1 && (key == "index" || key == "indices");
    case Form::Documents:
      return depth == 3 && member_ == Member::Documents && key == "_index";
    case Form::Reindex:
      return depth == 2 && member_ == Member::SourceOrDestination && key == "index";
  }
  std::unreachable();
}

void BodyIndexReader::add_name() noexcept {
  const std::string_view name = scanner_.text();
  const auto found = std::ranges::find(result_.names, name);
  tally_.take_index(found == result_.names.end()
                        ? kMaxNames
                        : static_cast<std::size_t>(found - result_.names.begin()));
  if (found != result_.names.end()) return;
  if (!scanner_.is_text_whole() || !is_clean_attribute(name) || result_.names.size() == kMaxNames) {
    result_.is_whole = false;
    return;
  }
  try {
    result_.names.emplace_back(name);
    tally_.take_index(result_.names.size() - 1);
  } catch (const std::bad_alloc&) {
    result_.is_whole = false;
  }
}

void BodyIndexReader::count_actions() noexcept {
  if (!skips_line_) tally_.end_line();  // the last line may lack its line feed
  try {
    result_.actions = tally_.take(result_.names);
  } catch (const std::bad_alloc&) {
    result_.is_whole = false;
  }
}

BodyIndices BodyIndexReader::finish(bool whole) noexcept {
  if (!whole) result_.is_whole = false;
  if (form_ == Form::Bulk) count_actions();
  return std::move(result_);
}

std::string index_expression_of(std::string_view of_path, const BodyIndices& of_body) {
  std::string expression(of_path);
  for (const std::string& name : of_body.names) {
    IndexElements elements(name);
    while (const auto element = elements.next()) {
      if (element->excludes) continue;
      if (!expression.empty()) expression += ',';
      expression += element->pattern;
    }
  }
  return expression;
}

}  // namespace osproxy
