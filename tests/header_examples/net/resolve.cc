namespace osproxy {
void connect(const Endpoints& addresses);
Task<> example(Executor executor, const HostPort& address) { EXAMPLE(1); }
}  // namespace osproxy
