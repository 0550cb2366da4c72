namespace osproxy::admin {
boost::asio::awaitable<void> example(HttpSession::Dependencies dependencies,
                                     boost::asio::ip::tcp::socket socket,
                                     ConnectionTable::Place& place, bool over_loopback) {
  EXAMPLE(1);
}
}  // namespace osproxy::admin
