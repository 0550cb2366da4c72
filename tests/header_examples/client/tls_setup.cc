#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace osproxy::client {
void fail(const HttpError& error);
void example(const TlsCredentials& credentials,
             boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>& stream,
             boost::system::error_code handshake_error) {
  EXAMPLE(1);
}
}  // namespace osproxy::client
