namespace osproxy {
std::size_t receive(std::span<char> room);
std::size_t parse(std::string_view bytes);
void example() { EXAMPLE(1); }
}  // namespace osproxy
