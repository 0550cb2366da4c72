// Says for a person why an admin listener gave no response, and how to go on.
#pragma once

#include <string>

#include "osproxy/client/http_error.h"

namespace osproxy::cli {

/// A clause, such as "the host name is not known; check the URL".
std::string explain_error(const client::HttpError& error);

}  // namespace osproxy::cli
