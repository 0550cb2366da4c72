#include "osproxy/admin/admin_server.h"

#include <optional>
#include <utility>

#include "osproxy/admin/dispatcher.h"
#include "osproxy/admin/http_server.h"

namespace osproxy::admin {

class AdminServer::Impl {
 public:
  Impl(AdminOptions options, AdminDependencies dependencies)
      : options_(std::move(options)),
        dependencies_(std::move(dependencies)),
        dispatcher_(options_, dependencies_) {}

  std::optional<std::string> open() {
    auto server = HttpServer::open({.listen = options_.listen,
                                    .loopback_only = !dispatcher_.is_closed(),
                                    .max_connections = options_.max_connections,
                                    .head_timeout = options_.head_timeout,
                                    .idle_timeout = options_.idle_timeout,
                                    .io_timeout = options_.io_timeout,
                                    .tls = options_.tls,
                                    .handshakes = dependencies_.handshakes},
                                   dispatcher_);
    if (!server) return std::move(server).error();
    server_ = *std::move(server);
    return std::nullopt;
  }

  const HostPort& address() const noexcept { return server_->address(); }

  bool replace_roles(AdminRoles roles) {
    if (roles.is_empty() && !is_loopback(server_->address().host)) return false;
    dispatcher_.replace_roles(std::move(roles));
    return true;
  }

  void replace_tls(TlsContext::Pointer tls) { server_->replace_tls(std::move(tls)); }

 private:
  const AdminOptions options_;
  const AdminDependencies dependencies_;
  Dispatcher dispatcher_;
  std::unique_ptr<HttpServer> server_;  // last: stops before the rest goes
};

std::expected<std::unique_ptr<AdminServer>, std::string> AdminServer::start(
    AdminOptions options, AdminDependencies dependencies) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(dependencies));
  if (auto error = impl->open()) return std::unexpected(*std::move(error));
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

bool is_plain_beyond_loopback(const AdminOptions& options) {
  return !options.tls && !is_loopback(options.listen.host);
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

const HostPort& AdminServer::address() const noexcept { return impl_->address(); }

bool AdminServer::replace_roles(AdminRoles roles) { return impl_->replace_roles(std::move(roles)); }

void AdminServer::replace_tls(TlsContext::Pointer tls) { impl_->replace_tls(std::move(tls)); }

}  // namespace osproxy::admin
