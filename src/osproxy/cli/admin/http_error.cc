#include "osproxy/cli/admin/http_error.h"

namespace osproxy::cli {

std::string explain_error(const client::HttpError& error) {
  switch (error.fault) {
    case client::HttpFault::Refused:
      return error.reason + "; is osproxy running, and is this its admin listener?";
    case client::HttpFault::UnknownHost:
      return error.reason + "; check the URL";
    case client::HttpFault::TimedOut:
      return error.reason + "; check the address, or give more --timeout";
    case client::HttpFault::TooLarge:
      return "the response is larger than any of osproxy's";
    case client::HttpFault::NotHttp:
      return error.reason + "; is this osproxy's admin listener?";
    case client::HttpFault::CutOff:
    case client::HttpFault::Other:
      break;
  }
  return error.reason;
}

}  // namespace osproxy::cli
