namespace osproxy {
struct Server {
  RunningRequests running(const RunningQuery& query);
};
void show(const std::string& id, std::chrono::nanoseconds age);
void example(Server& server) {
  using namespace std::chrono_literals;
  EXAMPLE(1);
}
}  // namespace osproxy
