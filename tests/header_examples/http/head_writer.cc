namespace osproxy::http {
void example(const RequestHead& head, std::string& out) { EXAMPLE(1); }
}  // namespace osproxy::http
