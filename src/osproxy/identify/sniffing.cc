#include "osproxy/identify/sniffing.h"

namespace osproxy {

bool asks_for_nodes(std::string_view target) noexcept {
  constexpr std::string_view kNodes = "_nodes/";
  std::string_view path = target.substr(0, target.find('?'));
  const std::size_t at = path.find(kNodes);
  if (at == std::string_view::npos || (at > 0 && path[at - 1] != '/')) return false;
  path.remove_prefix(at + kNodes.size());
  if (path.ends_with('/')) path.remove_suffix(1);
  std::string_view metrics = path.substr(path.rfind('/') + 1);
  while (!metrics.empty()) {
    const std::size_t comma = metrics.find(',');
    if (metrics.substr(0, comma) == "http") return true;
    if (comma == std::string_view::npos) return false;
    metrics.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace osproxy
