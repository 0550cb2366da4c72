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
      return error.reason +
             "; is this osproxy's admin listener? If the server speaks TLS, use https://";
    case client::HttpFault::NotTls:
      return error.reason + ": use http://";
    case client::HttpFault::Untrusted:
      return error.reason + "; name its CA with --ca-file";
    case client::HttpFault::WrongName:
      return error.reason + "; use a name that it has, as a subject alternative name";
    case client::HttpFault::Expired:
      return error.reason;
    case client::HttpFault::CutOff:
    case client::HttpFault::Other:
      break;
  }
  return error.reason;
}

}  // namespace osproxy::cli
