namespace osproxy::admin {
boost::asio::awaitable<void> example(HttpSession::Dependencies dependencies,
                                     boost::asio::ip::tcp::socket socket) {
  EXAMPLE(1);
}
}  // namespace osproxy::admin
