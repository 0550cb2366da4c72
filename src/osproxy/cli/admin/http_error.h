// Why an admin listener gave no response, for a person.
#pragma once

#include <string>

#include <boost/system/error_code.hpp>

namespace osproxy::cli {

/// A clause: what failed, and what to check.
std::string explain_error(const boost::system::error_code& error);

}  // namespace osproxy::cli
