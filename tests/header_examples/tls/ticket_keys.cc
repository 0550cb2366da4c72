namespace osproxy {
void encrypt(std::string& ticket, const TicketKeys::Key& key);
void decrypt(std::string& ticket, const TicketKeys::Key& key);
void example(std::string& ticket, std::span<const unsigned char, 16> name, const Clock& clock) {
  EXAMPLE(1);
}
}  // namespace osproxy
