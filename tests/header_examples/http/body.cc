namespace osproxy::http {
void forward(std::string_view payload);
void example(const MessageHead& head, std::string_view received) { EXAMPLE(1); }
}  // namespace osproxy::http
