namespace osproxy {
void log(NodeFault fault);
Task<> example(const UpstreamOptions& options, Origin node,
               UpstreamConnector::Dependencies dependencies, SteadyClock::time_point latest) {
  using namespace std::chrono_literals;
  EXAMPLE(1);
}
}  // namespace osproxy
