namespace osproxy {
void example(const http::RequestHead& head, std::string_view sent, std::string_view piece,
             const ExchangeResult& result, Record& record) {
  EXAMPLE(1);
}
}  // namespace osproxy
