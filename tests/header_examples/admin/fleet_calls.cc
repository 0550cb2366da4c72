namespace osproxy::admin {
void add(const std::string& instance, const std::string& body);
void example(const Context& context, const Request& request) { EXAMPLE(1); }
}  // namespace osproxy::admin
