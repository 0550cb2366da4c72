namespace osproxy {
Task<> example(const Exchange::Dependencies& dependencies, Connection& client,
               const http::RequestHead& head, const http::Forwarding* forwarding,
               RequestDiagnostics& diagnostics, ExchangeResult& result) {
  EXAMPLE(1);
}
}  // namespace osproxy
