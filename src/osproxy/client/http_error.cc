#include "osproxy/client/http_error.h"

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

namespace osproxy::client {

namespace asio = boost::asio;
namespace http = boost::beast::http;

HttpError lookup_timed_out(const std::string& host) {
  return {HttpFault::UnknownHost,
          "the lookup of the name " + host + " timed out: does the name server respond"};
}

HttpError to_http_error(const boost::system::error_code& error) {
  using enum HttpFault;
  if (error == asio::error::connection_refused) return {Refused, "connection refused"};
  if (error == asio::error::host_not_found || error == asio::error::host_not_found_try_again) {
    return {UnknownHost, "the host name is not known"};
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error == asio::error::connection_reset) {
    return {CutOff, "the connection was closed before the response was complete"};
  }
  if (error == boost::beast::error::timeout) return {TimedOut, "no response in time"};
  if (error == http::error::body_limit) return {TooLarge, "the response is too large"};
  if (error.category() == make_error_code(http::error::bad_version).category()) {
    return {NotHttp, "the response is not HTTP"};
  }
  return {Other, error.message()};
}

}  // namespace osproxy::client
