// Compares the received head with the forwarded one, for records of Level::ShapeRewriteDiff.
//
//   const HeadRewrite rewrite = compare_heads(head, sent);  // added: {"x-request-id"}, …
//
// Pure. Each header is compared with each other, so that it costs too much for every request.
#pragma once

#include <string_view>

#include "osproxy/http/head.h"
#include "osproxy/record/rewrite.h"

namespace osproxy::http {

/// `sent` must begin with the head that was forwarded for `received`.
HeadRewrite compare_heads(const RequestHead& received, std::string_view sent);
HeadRewrite compare_heads(const ResponseHead& received, std::string_view sent);

}  // namespace osproxy::http
