#include "osproxy/etcd/failure.h"

#include <utility>

#include <fmt/format.h>

namespace osproxy::etcd {
namespace {

// The meaning, and the next thing to check.
std::string_view advice(FailureKind kind) noexcept {
  switch (kind) {
    case FailureKind::Refused:
      return "connection refused: is etcd running there, and is this its client port?";
    case FailureKind::NameNotFound:
      return "the name does not resolve: is it spelled right, and known on this machine?";
    case FailureKind::Unreachable:
      return "no connection: is there a route, and does a firewall let it through?";
    case FailureKind::Silent:
      return "no response in time: does etcd listen there, is it overloaded or frozen, and does "
             "its "
             "cluster have a leader?";
    case FailureKind::NotEtcd:
      return "the server there is not etcd v3: is this etcd's client port?";
    case FailureKind::NoTls:
      return "the server does not speak TLS: is the endpoint http://, and is this etcd's client "
             "port?";
    case FailureKind::WantsTls:
      return "the server speaks TLS: is the endpoint https://?";
    case FailureKind::Untrusted:
      return "its certificate is not trusted: has a CA of the CA file issued it?";
    case FailureKind::WrongName:
      return "its certificate is for another name: is this the right server, and is the endpoint "
             "one of the names in the certificate?";
    case FailureKind::Expired:
      return "its certificate is not valid now: has it expired, and is this machine's clock right?";
    case FailureKind::ClientRefused:
      return "it refuses our certificate, or that there is none: are a certificate and key file "
             "given, not expired, and issued by a CA that etcd trusts (its --trusted-ca-file)?";
    case FailureKind::TlsFailed:
      return "the TLS handshake failed: does etcd listen there?";
    case FailureKind::BadFiles:
      return "our own files cannot be used";
    case FailureKind::Permission:
      return "permission denied: may this user read, or write, the key?";
    case FailureKind::Unauthenticated:
      return "etcd requires a user and a password: are they given?";
    case FailureKind::WrongPassword:
      return "wrong user or password: does etcd know the user (etcdctl user list), and does the "
             "password file hold its password?";
    case FailureKind::AuthOff:
      return "a user is given, but etcd's authentication is off: turn it on (etcdctl auth enable), "
             "or give no user";
    case FailureKind::NoLeader:
      return "this member has no leader: is a majority of the cluster up and connected to it?";
    case FailureKind::TooLarge:
      return "the response is too large to be received";
    case FailureKind::Compacted:
      return "the revision has been compacted";
    case FailureKind::OtherCluster:
      return "another cluster responds there, or this one was restored from a backup: is it the "
             "right one?";
    case FailureKind::NoLease:
      return "the lease is gone: it was revoked, or could not be kept alive in time";
    case FailureKind::WatchLost:
      return "the watch was lost";
    case FailureKind::Cancelled:
      return "cancelled";
    case FailureKind::Other:
      return "etcd refused";
  }
  std::unreachable();
}

// The numbers of grpc/status.h: this file does not include gRPC.
enum StatusCode : int {
  kCancelled = 1,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kUnavailable = 14,
  kUnauthenticated = 16,
};

// gRPC's texts about a handshake. probe_tls() finds out more where they are ambiguous.
FailureKind classify_tls(std::string_view message) noexcept {
  const auto says = [message](std::string_view words) { return message.contains(words); };
  if (says("is not in peer certificate")) return FailureKind::WrongName;
  if (says("certificate verify failed")) return FailureKind::Untrusted;
  if (says("wrong version number")) return FailureKind::NoTls;
  if (says("missing selected ALPN")) return FailureKind::NotEtcd;  // TLS, but not HTTP/2
  if (says("handshake failed")) return FailureKind::TlsFailed;
  return FailureKind::Unreachable;
}

// One code stands for many causes, which only the text tells apart: the texts of gRPC 1.51 and etcd
// 3.4 to 3.7. An unknown text makes the failure more general, never wrong.
FailureKind classify(int code, std::string_view message) noexcept {
  const auto says = [message](std::string_view words) { return message.contains(words); };
  switch (code) {
    case kCancelled:
      return FailureKind::Cancelled;
    case kInvalidArgument:
      if (says("authentication failed")) return FailureKind::WrongPassword;
      // The second text: the token is older than the last change of a user or role.
      if (says("user name is empty") || says("revision of auth store is old")) {
        return FailureKind::Unauthenticated;
      }
      return FailureKind::Other;
    case kFailedPrecondition:
      return says("authentication is not enabled") ? FailureKind::AuthOff : FailureKind::Other;
    case kDeadlineExceeded:
      return FailureKind::Silent;
    case kOutOfRange:
      return says("has been compacted") ? FailureKind::Compacted : FailureKind::Other;
    case kNotFound:
      return says("lease not found") ? FailureKind::NoLease : FailureKind::Other;
    case kPermissionDenied:
      return FailureKind::Permission;
    case kResourceExhausted:
      return says("larger than max") ? FailureKind::TooLarge : FailureKind::Other;
    case kUnimplemented:
      return FailureKind::NotEtcd;
    case kUnavailable:
      if (says("etcdserver: no leader")) return FailureKind::NoLeader;
      if (says("etcdserver:")) return FailureKind::Other;
      if (says("Connection refused")) return FailureKind::Refused;
      if (says("Domain name not found")) return FailureKind::NameNotFound;
      if (says("Failed parsing HTTP/2") || says("http1.x")) return FailureKind::NotEtcd;
      return classify_tls(message);
    case kUnauthenticated:
      return FailureKind::Unauthenticated;
    default:
      return FailureKind::Other;
  }
}

/// The parts of gRPC's "failed to connect to all addresses; last error: UNKNOWN:
/// ipv6:%5B::1%5D:2379: why".
struct ConnectFailure {
  std::string_view address{};  // empty: the text has another form
  std::string_view why;
};

ConnectFailure parse_connect_failure(std::string_view detail) {
  constexpr std::string_view kScheme = ": ipv4:";
  const auto scheme = detail.rfind(kScheme.substr(0, kScheme.size() - 2));
  if (scheme == std::string_view::npos || scheme + kScheme.size() > detail.size()) {
    return {.why = detail};
  }
  const auto rest = detail.substr(scheme + kScheme.size());
  const auto end = rest.find(": ");
  if (end == std::string_view::npos) return {.why = detail};
  return {.address = rest.substr(0, end), .why = rest.substr(end + 2)};
}

/// True if the host of `http://host:port` or `host:port` is no IP address.
bool has_name(std::string_view endpoint) noexcept {
  if (const auto scheme = endpoint.find("://"); scheme != std::string_view::npos) {
    endpoint.remove_prefix(scheme + 3);
  }
  return endpoint.find_first_not_of("0123456789.:") < endpoint.rfind(':') &&
         !endpoint.starts_with('[');
}

// Enough for a useful message. A server may send a text of any length.
constexpr std::size_t kMaxDetailBytes = 200;

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kMaxDetailBytes));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

}  // namespace

std::string describe(std::string_view endpoint, const Failure& failure) {
  // gRPC does not say whether the name or the connection took too long.
  if (failure.kind == FailureKind::Silent && has_name(endpoint)) {
    return fmt::format("{}: {} Or did the lookup of its name time out?", endpoint,
                       advice(failure.kind));
  }
  if (failure.detail.empty()) return fmt::format("{}: {}", endpoint, advice(failure.kind));
  return fmt::format("{}: {} ({})", endpoint, advice(failure.kind),
                     one_line(parse_connect_failure(failure.detail).why));
}

std::string failed_address(const Failure& failure) {
  std::string address(parse_connect_failure(failure.detail).address);
  for (const auto& [coded, plain] : {std::pair{"%5B", "["}, std::pair{"%5D", "]"}}) {
    if (const auto at = address.find(coded); at != std::string::npos) address.replace(at, 3, plain);
  }
  return address;
}

bool is_ambiguous(FailureKind kind) noexcept {
  return kind == FailureKind::Unreachable || kind == FailureKind::NotEtcd ||
         kind == FailureKind::Untrusted || kind == FailureKind::TlsFailed;
}

bool may_pass_by_itself(FailureKind kind) noexcept {
  switch (kind) {
    case FailureKind::Refused:
    case FailureKind::NameNotFound:
    case FailureKind::NotEtcd:
    case FailureKind::NoTls:
    case FailureKind::WantsTls:
    case FailureKind::Untrusted:
    case FailureKind::WrongName:
    case FailureKind::Expired:
    case FailureKind::ClientRefused:
    case FailureKind::TlsFailed:
    case FailureKind::BadFiles:
    case FailureKind::Permission:
    case FailureKind::Unauthenticated:
    case FailureKind::WrongPassword:
    case FailureKind::AuthOff:
      return false;
    case FailureKind::Unreachable:
    case FailureKind::Silent:
    case FailureKind::NoLeader:
    case FailureKind::TooLarge:
    case FailureKind::Compacted:
    case FailureKind::OtherCluster:
    case FailureKind::NoLease:
    case FailureKind::WatchLost:
    case FailureKind::Cancelled:
    case FailureKind::Other:
      return true;
  }
  std::unreachable();
}

Failure failure_from_status(int code, std::string_view message) {
  const FailureKind kind = classify(code, message);
  switch (kind) {
    case FailureKind::Refused:  // gRPC's text adds nothing
    case FailureKind::NameNotFound:
    case FailureKind::Silent:
    case FailureKind::NoLease:
    case FailureKind::Cancelled:
    case FailureKind::AuthOff:
      return {kind, {}};
    case FailureKind::Unreachable:
    case FailureKind::NotEtcd:
    case FailureKind::NoTls:
    case FailureKind::WantsTls:
    case FailureKind::Untrusted:
    case FailureKind::WrongName:
    case FailureKind::Expired:
    case FailureKind::ClientRefused:
    case FailureKind::TlsFailed:
    case FailureKind::BadFiles:
    case FailureKind::Permission:
    case FailureKind::Unauthenticated:
    case FailureKind::WrongPassword:
    case FailureKind::NoLeader:
    case FailureKind::TooLarge:
    case FailureKind::Compacted:
    case FailureKind::OtherCluster:
    case FailureKind::WatchLost:
    case FailureKind::Other:
      return {kind, std::string(message)};
  }
  std::unreachable();
}

}  // namespace osproxy::etcd
