namespace osproxy {
void serve(Connection& connection);
Task<> example(UpstreamPool& pool, Connection& client, StageTimer& stages) { EXAMPLE(1); }
}  // namespace osproxy
