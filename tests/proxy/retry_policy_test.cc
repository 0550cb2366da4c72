#include "osproxy/proxy/retry_policy.h"

#include <string_view>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

RetryPolicy policy(std::string_view method, Endpoint endpoint = Endpoint::Search,
                   bool received_whole = true) {
  return RetryPolicy({.method = method, .endpoint = endpoint, .received_whole = received_whole});
}

struct Row {
  std::string_view method;
  ReusePolicy first;
  Retry after_pooled;  // a pooled connection was closed
  Retry after_new;     // a new one was
};

TEST(RetryPolicy, DecidesByTheMethodAndTheConnection) {
  for (const Row& row : {
           Row{"GET", ReusePolicy::Any, Retry::AnyNode, Retry::OtherNode},
           Row{"HEAD", ReusePolicy::Any, Retry::AnyNode, Retry::OtherNode},
           Row{"OPTIONS", ReusePolicy::Any, Retry::AnyNode, Retry::OtherNode},
           Row{"PUT", ReusePolicy::Any, Retry::AnyNode, Retry::Never},
           Row{"DELETE", ReusePolicy::Any, Retry::AnyNode, Retry::Never},
           Row{"POST", ReusePolicy::Recent, Retry::Never, Retry::Never},
           Row{"PATCH", ReusePolicy::Recent, Retry::Never, Retry::Never},
           Row{"get", ReusePolicy::Recent, Retry::Never, Retry::Never},
       }) {
    EXPECT_EQ(policy(row.method).first_connection(), row.first) << row.method;
    EXPECT_EQ(policy(row.method).after_close(true), row.after_pooled) << row.method;
    EXPECT_EQ(policy(row.method).after_close(false), row.after_new) << row.method;
  }
}

TEST(RetryPolicy, SendsNothingAThirdTime) {
  RetryPolicy get = policy("GET");
  get.sent_again();
  EXPECT_EQ(get.after_close(true), Retry::Never);
  EXPECT_EQ(get.after_close(false), Retry::Never);
}

TEST(RetryPolicy, NeverRepeatsARequestThatWasStreamed) {
  const RetryPolicy put = policy("PUT", Endpoint::IngestDoc, false);
  EXPECT_EQ(put.first_connection(), ReusePolicy::Recent);
  EXPECT_EQ(put.after_close(true), Retry::Never);
}

// A bulk by PUT was sent again, and documents without an id were there twice.
TEST(RetryPolicy, NeverRepeatsAScrollOrABulk) {
  for (const RetryPolicy& once :
       {policy("GET", Endpoint::Cursor), policy("PUT", Endpoint::IngestBulk)}) {
    EXPECT_EQ(once.first_connection(), ReusePolicy::Recent);
    EXPECT_EQ(once.after_close(true), Retry::Never);
    EXPECT_EQ(once.after_close(false), Retry::Never);
  }
}

}  // namespace
}  // namespace osproxy
