#include "osproxy/cli/admin/http_error.h"

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

namespace osproxy::cli {

namespace asio = boost::asio;
namespace http = boost::beast::http;

std::string explain_error(const boost::system::error_code& error) {
  if (error == asio::error::connection_refused) {
    return "connection refused; is osproxy running, and is this its admin listener?";
  }
  if (error == asio::error::host_not_found || error == asio::error::host_not_found_try_again) {
    return "the host name is not known; check the URL";
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error == asio::error::connection_reset) {
    return "the connection was closed before the response was complete";
  }
  if (error == boost::beast::error::timeout) {
    return "no response in time; check the address, or give more --timeout";
  }
  if (error == http::error::body_limit) return "the response is larger than any of osproxy's";
  if (error.category() == make_error_code(http::error::bad_version).category()) {
    return "the response is not HTTP; is this osproxy's admin listener?";
  }
  return error.message();
}

}  // namespace osproxy::cli
