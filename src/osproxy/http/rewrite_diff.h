// What a head that goes out has become of the one that came in, whoever changed it and why.
//
// Pure. Costs a comparison of each header with each other: for requests whose record says so.
#pragma once

#include <string_view>

#include "osproxy/http/head.h"
#include "osproxy/record/rewrite.h"

namespace osproxy::http {

/// `sent` begins with the head that was sent for `received`.
HeadRewrite compare_heads(const RequestHead& received, std::string_view sent);
HeadRewrite compare_heads(const ResponseHead& received, std::string_view sent);

}  // namespace osproxy::http
