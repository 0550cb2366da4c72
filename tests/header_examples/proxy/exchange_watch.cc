namespace osproxy {
void example(Deadlines& deadlines, Connection& client, Connection& upstream,
             const ExchangeOptions& options, ExchangeResult& result) {
  EXAMPLE(1);
}
}  // namespace osproxy
