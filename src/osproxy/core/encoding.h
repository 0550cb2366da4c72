// Percent-encoding in paths (RFC 3986, section 2.1). Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace osproxy {

/// Every `%` has two hex digits behind it.
bool is_well_encoded(std::string_view text) noexcept;

/// `text`, which is well encoded, decoded once: a view into `scratch`, or `text` itself if there is
/// nothing to decode. In a path, `+` is a plus sign. Stops when more than `max_bytes` are decoded,
/// so that no request makes the scratch large.
std::string_view percent_decoded(std::string_view text, std::size_t max_bytes,
                                 std::string& scratch);

}  // namespace osproxy
