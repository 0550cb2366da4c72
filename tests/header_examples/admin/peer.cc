#include <boost/asio/ip/tcp.hpp>

namespace osproxy::admin {
void print(const std::string& text);
void example(const boost::asio::ip::tcp::socket& socket) { EXAMPLE(1); }
}  // namespace osproxy::admin
