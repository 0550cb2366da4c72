namespace osproxy::http {
void example(const RequestHead& head, std::string_view sent) { EXAMPLE(1); }
}  // namespace osproxy::http
