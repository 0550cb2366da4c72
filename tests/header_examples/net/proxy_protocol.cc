namespace osproxy {
std::string_view receive(std::size_t most);
void close();
void serve(const IpAddress& client);
void example(const IpAddress& peer) { EXAMPLE(1); }
}  // namespace osproxy
