#include "osproxy/store/document_diff.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace osproxy {
namespace {

std::map<std::string_view, const Directive*> by_id(const Document& document) {
  std::map<std::string_view, const Directive*> directives;
  for (const Directive& one : document.directives) directives.emplace(one.id, &one);
  return directives;
}

}  // namespace

bool DirectiveIds::may_contain(const std::string& id) const {
  return count > std::ssize(ids) || std::ranges::find(ids, id) != ids.end();
}

DocumentDiff diff_documents(const Document& before, const Document& after) {
  DocumentDiff diff;
  const auto old_ones = by_id(before);
  const auto new_ones = by_id(after);
  for (const auto& [id, directive] : new_ones) {
    const auto old = old_ones.find(id);
    if (old == old_ones.end()) {
      diff.came.add(directive->id);
    } else if (*old->second != *directive) {
      diff.changed.add(directive->id);
    }
  }
  for (const auto& [id, directive] : old_ones) {
    if (!new_ones.contains(id)) diff.went.add(directive->id);
  }
  return diff;
}

}  // namespace osproxy
