#include "osproxy/cli/admin/event_parser.h"

namespace osproxy::cli {
namespace {

// The value of `line` if it is the field `name`.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ':') {
    return std::nullopt;
  }
  line.remove_prefix(name.size() + 1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

Event parse(std::string_view block) {
  Event event;
  while (!block.empty()) {
    const std::size_t end = block.find('\n');
    const std::string_view line = block.substr(0, end);
    if (const auto type = value_of(line, "event")) event.type = *type;
    if (const auto data = value_of(line, "data")) event.data = *data;
    block = end == block.npos ? std::string_view{} : block.substr(end + 1);
  }
  return event;
}

}  // namespace

bool EventParser::feed(std::string_view bytes) {
  text_.erase(0, done_);
  done_ = 0;
  text_ += bytes;
  return text_.size() <= kMaxBytes;
}

std::optional<Event> EventParser::next() {
  while (true) {
    const std::size_t end = text_.find("\n\n", done_);
    if (end == text_.npos) return std::nullopt;
    Event event = parse(std::string_view(text_).substr(done_, end - done_));
    done_ = end + 2;
    if (!event.type.empty() || !event.data.empty()) return event;  // else a comment
  }
}

}  // namespace osproxy::cli
