namespace osproxy::http {
void serve(const RequestHead& head);
void receive_more();
void refuse(int status, std::string_view reason);
void example(std::string_view buffer, const HeadLimits& limits) { EXAMPLE(1); }
}  // namespace osproxy::http
