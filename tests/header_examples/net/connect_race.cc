namespace osproxy {
void remember(const asio::ip::tcp::endpoint& address);
Task<> example(Executor executor, Endpoints addresses) { EXAMPLE(1); }
}  // namespace osproxy
