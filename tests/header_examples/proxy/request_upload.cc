namespace osproxy {
Task<> example(const ExchangeScope& scope, Connection& upstream) { EXAMPLE(1); }
}  // namespace osproxy
