#include "osproxy/etcd/credential_check.h"

#include <utility>

#include "osproxy/etcd/credential_files.h"

namespace osproxy::etcd {
namespace {

/// The first problem of the files; empty: none.
std::string problem_of(const EtcdCredentials& credentials) {
  if (auto pem = read_tls_files(credentials); !pem) {
    return std::move(pem).error() + "; a new connection would use the earlier files";
  }
  if (auto password = read_password(credentials); !password) {
    return std::move(password).error() + "; a new token needs it";
  }
  return {};
}

}  // namespace

CredentialCheck::CredentialCheck(EtcdCredentials credentials, BootTime now)
    : credentials_(std::move(credentials)) {
  const auto& [ca_file, cert_file, key_file, user, password_file] = credentials_;
  if (!(ca_file.empty() && cert_file.empty() && password_file.empty())) wake_at_ = now + kInterval;
}

void CredentialCheck::poll(BootTime now) {
  if (!wake_at_ || now < *wake_at_) return;
  std::string problem = problem_of(credentials_);
  if (problem.empty() || problem == found_) warning_ = problem;
  wake_at_ = now + (problem == warning_ ? kInterval : kSecondPoll);
  found_ = std::move(problem);
}

}  // namespace osproxy::etcd
