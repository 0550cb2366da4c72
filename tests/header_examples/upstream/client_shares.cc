namespace osproxy {
void example(ClientKey client, std::size_t unused) { EXAMPLE(1); }
}  // namespace osproxy
