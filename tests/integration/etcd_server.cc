#include "tests/integration/etcd_server.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "osproxy/etcd/transport.h"
#include "tests/support/tcp_listener.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kReadyWithin = 60s;
constexpr auto kCallTimeout = 10s;

/// Starts a program with its output in `log`; it is killed when this process ends.
pid_t spawn(std::vector<std::string> command, const std::filesystem::path& log) {
  command.insert(command.begin(), {"setpriv", "--pdeathsig", "KILL"});
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv[0], &files, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error("cannot start " + command[3]);
  return pid;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// One call over a separate connection.
template <class Response, class StartCall>
std::optional<Response> call(const std::string& endpoint, StartCall start_call) {
  const auto transport = etcd::make_grpc_transport({endpoint});
  transport->open(0);
  start_call(*transport);
  const auto event = transport->next(kCallTimeout);
  if (!event || !std::holds_alternative<Response>(*event)) return std::nullopt;
  return std::get<Response>(*event);
}

std::optional<etcd::ReadDone> read(const std::string& endpoint) {
  return call<etcd::ReadDone>(endpoint, [](etcd::Transport& transport) {
    transport.read(etcd::CallId{1}, {.key = "x", .keys_only = true, .timeout = 2s});
  });
}

}  // namespace

EtcdServer::EtcdServer(Options options)
    : options_(std::move(options)),
      endpoint_("127.0.0.1:" + std::to_string(TcpListener::free_port())),
      peer_("http://127.0.0.1:" + std::to_string(TcpListener::free_port())) {
  start();
}

EtcdServer::~EtcdServer() { kill(); }

void EtcdServer::start() {
  const char* program = std::getenv("OSPROXY_ETCD");
  const std::string url = "http://" + endpoint_;
  std::vector<std::string> command{program != nullptr ? program : "etcd"};
  for (const auto& [flag, value] : std::vector<std::pair<std::string, std::string>>{
           {"--data-dir", (dir_.path() / "data").string()},
           {"--listen-client-urls", url},
           {"--advertise-client-urls", url},
           {"--listen-peer-urls", peer_},
           {"--initial-advertise-peer-urls", peer_},
           {"--initial-cluster", "default=" + peer_},
           {"--initial-cluster-token", options_.token},
           {"--heartbeat-interval", "20"},  // a lone member elects itself sooner
           {"--election-timeout", "200"}}) {
    command.insert(command.end(), {flag, value});
  }
  command.insert(command.end(), options_.arguments.begin(), options_.arguments.end());
  pid_ = spawn(std::move(command), dir_.path() / "log");
  await_ready();
}

void EtcdServer::await_ready() {
  const auto end = steady_clock::now() + kReadyWithin;
  while (!read(endpoint_)) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = 0;
      throw std::runtime_error("etcd ended at once: is the package etcd-server installed?");
    }
    if (steady_clock::now() >= end) throw std::runtime_error("etcd does not get ready");
    std::this_thread::sleep_for(10ms);
  }
}

void EtcdServer::kill() {
  if (pid_ == 0) return;  // 0 would be the whole process group
  ::kill(pid_, SIGKILL);
  wait_for(pid_);
  pid_ = 0;
}

void EtcdServer::change_unseen(const std::function<void()>& change) {
  kill();
  const std::string known =
      std::exchange(endpoint_, "127.0.0.1:" + std::to_string(TcpListener::free_port()));
  start();
  change();
  kill();
  endpoint_ = known;
  start();
}

void EtcdServer::pause() {
  if (pid_ != 0) ::kill(pid_, SIGSTOP);
}

void EtcdServer::unpause() {
  if (pid_ != 0) ::kill(pid_, SIGCONT);
}

void EtcdServer::lose_all() { std::filesystem::remove_all(dir_.path() / "data"); }

void EtcdServer::become_another_cluster(std::string token) {
  lose_all();
  options_.token = std::move(token);
}

std::int64_t EtcdServer::put(const std::string& key, const std::string& value) {
  const auto done = call<etcd::WriteDone>(endpoint_, [&](etcd::Transport& transport) {
    transport.write(etcd::CallId{1}, {.key = key, .value = value, .timeout = kCallTimeout});
  });
  if (!done) throw std::runtime_error("put failed");
  return done->mod_revision;
}

void EtcdServer::put_many(const std::string& key, const std::vector<std::string>& values) {
  const auto transport = etcd::make_grpc_transport({endpoint_});
  transport->open(0);
  std::uint64_t id = 0;
  for (const std::string& value : values) {
    transport->write(etcd::CallId{++id}, {.key = key, .value = value, .timeout = kCallTimeout});
    const auto event = transport->next(kCallTimeout);
    if (!event || !std::holds_alternative<etcd::WriteDone>(*event)) {
      throw std::runtime_error("put failed");
    }
  }
}

void EtcdServer::remove(const std::string& key) { etcdctl({"del", key}); }

void EtcdServer::compact() {
  etcdctl({"compact", std::to_string(read(endpoint_)->header.revision)});
}

void EtcdServer::etcdctl(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"etcdctl", "--endpoints", endpoint_};
  command.insert(command.end(), arguments.begin(), arguments.end());
  if (wait_for(spawn(std::move(command), dir_.path() / "etcdctl.log")) != 0) {
    throw std::runtime_error("etcdctl " + arguments.front() + " failed");
  }
}

}  // namespace osproxy
