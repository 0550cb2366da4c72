// The flight recorder's samples of requests that no directive selects.
#include <chrono>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/flight/flight_recorder.h"
#include "osproxy/record/packed_record.h"
#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class ProxyFlight : public ProxyTest {
 protected:
  ProxyFlight() { options.flight = &flight; }
  ~ProxyFlight() override { server.reset(); }  // its workers use the recorder

  struct SampledRequest {
    Record record;
    bool is_notable;
  };

  /// The samples, once there are so many.
  std::vector<SampledRequest> await_samples(std::size_t count = 1) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    std::vector<SampledRequest> samples;
    while (samples.size() < count && std::chrono::steady_clock::now() < end) {
      samples.clear();
      flight.visit({}, [&](const Sample& sample) {
        samples.push_back({.record = sample.record, .is_notable = sample.is_notable});
      });
      // A worker that meets a reader does not wait, and leaves the sample out.
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(samples.size(), count);
    samples.resize(count);
    return samples;
  }

  FlightRecorder flight{{.bytes = std::size_t{64} << 20, .slow_after = 1h}, 4};
};

const std::string kSearch = crlf(
    "POST /orders/_search HTTP/1.1\nHost: h\nX-Tenant-Id: acme\nX-Request-Id: r-1\n"
    "User-Agent: curl/8.0\nX-Opaque-Id: job\nContent-Length: 34\n\n"
    R"({"query":{"term":{"status":"x"}}})"
    " ");

TEST_F(ProxyFlight, ARequestThatNoDirectiveSelectsIsSampled) {
  start();
  Dialog dialog = this->dialog();
  dialog.client_sends(kSearch);
  dialog.node().read_head();
  dialog.node_gets(R"({"query":{"term":{"status":"x"}}} )")
      .node_sends(response(R"({"took":7})"))
      .client_gets_status(200)
      .client_gets(R"({"took":7})");
  const SampledRequest kept = await_samples()[0];
  EXPECT_FALSE(kept.is_notable);
  const Record& record = kept.record;
  EXPECT_EQ(record.request_id, "r-1");
  EXPECT_EQ(record.endpoint, Endpoint::Search);
  EXPECT_EQ(record.index, "orders");
  EXPECT_EQ(record.tenant, "acme");
  EXPECT_EQ(record.client, "127.0.0.1");
  EXPECT_EQ(record.agent, "curl/8.0");
  EXPECT_EQ(record.opaque_id, "job");
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(record.level, Level::ShapeTiming);
  EXPECT_TRUE(record.times.spent(Stage::FirstByte));
  EXPECT_TRUE(record.shape);
  ASSERT_TRUE(record.response);
  EXPECT_EQ(record.response->took_ms, 7U);
  EXPECT_TRUE(record.directives.empty());
  EXPECT_TRUE(record.body.parts.empty());
  EXPECT_EQ(recorder.records().size(), 0U);
}

TEST_F(ProxyFlight, AFailedRequestIsNotable) {
  start();
  Dialog dialog = this->dialog();
  dialog.client_sends(crlf("GET /orders/_doc/1 HTTP/1.1\nHost: h\n\n"));
  dialog.node().read_head();
  dialog.node_sends(crlf("HTTP/1.1 503 Service Unavailable\nContent-Length: 2\n\n{}"))
      .client_gets_status(503)
      .client_gets("{}");
  const SampledRequest kept = await_samples()[0];
  EXPECT_TRUE(kept.is_notable);
  EXPECT_EQ(kept.record.status, 503);
}

TEST_F(ProxyFlight, ABulkWithFailedItemsIsNotable) {
  start();
  const std::string body = crlf("{\"index\":{\"_index\":\"a\"}}\n{}\n");
  const std::string failed =
      R"({"took":1,"errors":true,"items":[{"index":{"_index":"a","status":400,)"
      R"("error":{"type":"mapper_parsing_exception"}}}]})";
  Dialog dialog = this->dialog();
  dialog.client_sends(crlf("POST /_bulk HTTP/1.1\nHost: h\nContent-Length: " +
                           std::to_string(body.size()) + "\n\n") +
                      body);
  dialog.node().read_head();
  dialog.node_gets(body).node_sends(response(failed)).client_gets_status(200).client_gets(failed);
  const SampledRequest kept = await_samples()[0];
  EXPECT_TRUE(kept.is_notable);
  ASSERT_TRUE(kept.record.response);
  EXPECT_EQ(kept.record.response->failed_items, 1U);
}

/// Bodies are read of so many bulks a second; beyond that, the start of a response tells.
TEST_F(ProxyFlight, NoBulkWithFailedItemsIsMissed) {
  constexpr std::size_t kBulks = 800;
  start();
  const std::string failed =
      R"({"took":1,"errors":true,"items":[{"index":{"_index":"a","status":400,)"
      R"("error":{"type":"mapper_parsing_exception"}}}]})";
  Dialog dialog = this->dialog();
  for (std::size_t i = 0; i < kBulks && !HasFailure(); ++i) {
    dialog.client_sends(crlf("POST /_bulk HTTP/1.1\nHost: h\nContent-Length: 2\n\n{}"));
    dialog.node().read_head();
    dialog.node_gets("{}").node_sends(response(failed)).client_gets_status(200).client_gets(failed);
  }
  std::size_t notable = 0;
  std::size_t read = 0;
  for (const SampledRequest& kept : await_samples(kBulks)) {
    ASSERT_TRUE(kept.record.response);
    EXPECT_EQ(kept.record.response->errors, true);
    notable += kept.is_notable;
    read += kept.record.response->failed_items == 1U;
  }
  EXPECT_EQ(notable, kBulks);
  EXPECT_GE(read, 400U);
}

TEST_F(ProxyFlight, ABulkIsFailedHoweverItsResponseIsSplit) {
  constexpr std::size_t kBulks = 600;
  start();
  const std::string failed =
      R"({"took":1,"errors":true,"items":[{"index":{"_index":"a","status":400,)"
      R"("error":{"type":"mapper_parsing_exception"}}}]})";
  Dialog dialog = this->dialog();
  for (std::size_t i = 0; i < kBulks && !HasFailure(); ++i) {
    dialog.client_sends(crlf("POST /_bulk HTTP/1.1\nHost: h\nContent-Length: 2\n\n{}"));
    dialog.node().read_head();
    dialog.node_gets("{}").node_sends(
        "HTTP/1.1 200 OK\nContent-Type: application/json\n"
        "Content-Length: " +
        std::to_string(failed.size()) + "\n\n");
    dialog.client_gets_status(200);
    const std::size_t cut = 1 + i % 40;
    for (const std::string& piece : {failed.substr(0, cut), failed.substr(cut)}) {
      dialog.node_sends("", piece).client_gets("", piece);
    }
  }
  std::size_t notable = 0;
  for (const SampledRequest& kept : await_samples(kBulks)) {
    notable += kept.is_notable;
    ASSERT_TRUE(kept.record.response);
    EXPECT_EQ(kept.record.response->errors, true);
    if (kept.record.response->not_read == NotRead::None) {
      EXPECT_EQ(kept.record.response->failed_items, 1U);
    }
  }
  EXPECT_EQ(notable, kBulks);
}

TEST_F(ProxyFlight, ABulkIsFailedByItsOwnWord) {
  start();
  const std::string filtered = R"({"errors":true})";
  Dialog dialog = this->dialog();
  dialog.client_sends(
      crlf("POST /_bulk?filter_path=errors HTTP/1.1\nHost: h\nContent-Length: 2\n\n{}"));
  dialog.node().read_head();
  dialog.node_gets("{}")
      .node_sends(response(filtered))
      .client_gets_status(200)
      .client_gets(filtered);
  EXPECT_TRUE(await_samples()[0].is_notable);
}

/// Neither a client nor a node can write a value into the memory of the recorder.
TEST_F(ProxyFlight, ItsMemoryHoldsNoValues) {
  start();
  const std::string body = R"({"index":{"_index":"a","_id":"Canary 1"}})"
                           "\n"
                           R"({"Canary 2":"Canary 3"})"
                           "\n";
  const std::string failed =
      R"({"took":"Canary 4","errors":true,"items":[{"index":{"_index":"Canary 5","_id":"Canary 6",)"
      R"("status":400,"error":{"type":"Canary 7","reason":"Canary 8"}}}],"Canary 9":1})";
  Dialog dialog = this->dialog();
  dialog.client_sends(
      "POST /a/_bulk?routing=Canary_10 HTTP/1.1\nHost: h\nX-Canary: Canary 11\n"
      "Authorization: Bearer Canary12\nCookie: Canary=13\nUser-Agent: curl/8.0 (Canary 14)\n"
      "Content-Length: " +
          std::to_string(body.size()) + "\n\n",
      body);
  dialog.node().read_head();
  dialog.node_gets("", body)
      .node_sends(
          "HTTP/1.1 200 Canary\nX-Canary: Canary 15\nContent-Type: application/json\n"
          "Content-Length: " +
              std::to_string(failed.size()) + "\n\n",
          failed)
      .client_gets_status(200)
      .client_gets("", failed);
  const SampledRequest kept = await_samples()[0];
  ASSERT_TRUE(kept.record.response);
  EXPECT_EQ(kept.record.response->failed_items, 1U);
  std::string packed(packed_size(kept.record), '\0');
  pack(kept.record, std::as_writable_bytes(std::span(packed)));
  EXPECT_THAT(packed, testing::Not(testing::HasSubstr("anary")));
  EXPECT_THAT(packed, testing::HasSubstr("curl/8.0"));
}

TEST_F(ProxyFlight, ARefusedRequestIsNotable) {
  start();
  Dialog dialog = this->dialog();
  dialog.client_sends("GET / HTTP/1.1\r\n\r\n").client_gets_status(400);
  const SampledRequest kept = await_samples()[0];
  EXPECT_TRUE(kept.is_notable);
  EXPECT_NE(kept.record.error, "");
}

}  // namespace
}  // namespace osproxy
