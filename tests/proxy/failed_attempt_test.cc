#include "osproxy/proxy/failed_attempt.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

struct Row {
  FailedAttempt attempt;
  http::ProxyError error;
  NodeFault fault;
};

TEST(FailedAttempt, BlamesTheNodeForWhatSaysSomethingOfIt) {
  const Row rows[] = {
      {{}, http::ProxyError::UpstreamClosed, NodeFault::Closed},
      {{.timed_out = true}, http::ProxyError::UpstreamTimeout, NodeFault::ResponseTimedOut},
      {{.malformed = true}, http::ProxyError::UpstreamMalformed, NodeFault::Malformed},
      {{.tls_failure = TlsFailure::Refused}, http::ProxyError::UpstreamTls, NodeFault::TlsFailed},
      {{.timed_out = true, .tls_failure = TlsFailure::Closed},
       http::ProxyError::UpstreamTls,
       NodeFault::TlsFailed},
  };
  for (const Row& row : rows) {
    const Blame blame = blame_for(row.attempt);
    EXPECT_EQ(blame.error, row.error) << to_string(row.error);
    EXPECT_EQ(blame.fault, row.fault) << to_string(row.fault);
  }
}

TEST(FailedAttempt, BlamesNobodyForAPooledConnectionThatIsClosed) {
  const Blame closed = blame_for({.closed_while_pooled = true});
  EXPECT_EQ(closed.error, http::ProxyError::UpstreamClosed);
  EXPECT_EQ(closed.fault, NodeFault::None);
  EXPECT_EQ(blame_for({.tls_failure = TlsFailure::Other, .closed_while_pooled = true}).fault,
            NodeFault::None);
}

TEST(FailedAttempt, BlamesNobodyForALimitOfOsproxy) {
  const Blame blame = blame_for({.malformed = true, .over_limit = true});
  EXPECT_EQ(blame.error, http::ProxyError::UpstreamMalformed);
  EXPECT_EQ(blame.fault, NodeFault::None);
}

TEST(FailedAttempt, TakesOnlyStatusesOfAProxyForTheNodes) {
  for (const int status : {502, 503, 504}) EXPECT_EQ(fault_of_status(status), NodeFault::BadStatus);
  for (const int status : {200, 404, 429, 500, 501}) {
    EXPECT_EQ(fault_of_status(status), NodeFault::None) << status;
  }
}

TEST(FailedAttempt, ReusesNoConnectionOnWhichARequestWasRefused) {
  for (const int status : {400, 408, 413, 414, 431, 501, 505}) {
    EXPECT_TRUE(may_be_deaf_after(status)) << status;
  }
  for (const int status : {200, 201, 401, 404, 409, 429, 500, 503}) {
    EXPECT_FALSE(may_be_deaf_after(status)) << status;
  }
}

}  // namespace
}  // namespace osproxy
