namespace osproxy::admin {
boost::asio::awaitable<void> example(HttpSession::Dependencies dependencies,
                                     boost::asio::ip::tcp::socket socket,
                                     ConnectionTable::Place& place, Peer peer,
                                     TlsContext::Pointer context) {
  EXAMPLE(1);
}
}  // namespace osproxy::admin
