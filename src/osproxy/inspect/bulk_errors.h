// Tells from the start of a bulk's response whether an item failed, without reading the items.
//
//   // true:
//   bulk_has_errors({.content_type = "application/json"}, R"({"took":3,"errors":true,"it)");
//
// OpenSearch writes `took`, perhaps `ingest_took`, then `errors`, and the items last
// (BulkResponse.toXContent), so that the first bytes tell. A `filter_path` may take `errors` out:
// then nothing tells.
//
// Pure, but for zlib's memory if the response is compressed. Any thread.
#pragma once

#include <string_view>

#include "osproxy/inspect/plain_body.h"

namespace osproxy {

/// Reads at most the first 128 bytes of `start`, after decompression. False: no item failed, or it
/// does not tell.
bool bulk_has_errors(const BodyHead& head, std::string_view start) noexcept;

}  // namespace osproxy
