// Both ways to a collector, each against one in this process.
#include <array>
#include <map>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "osproxy/core/clock.h"
#include "osproxy/otlp/grpc_transport.h"
#include "osproxy/otlp/span_transport.h"
#include "tests/support/tcp_listener.h"
#include "trace_service.pb.h"

namespace osproxy::otlp {
namespace {

using namespace std::chrono_literals;
using Kind = ExportResult::Kind;
namespace pb = ::opentelemetry::proto::collector::trace::v1;

const SystemClock kClock;

std::unique_ptr<SpanTransport> transport_to(const TransportOptions& options) {
  auto transport = make_transport(options, kClock);
  EXPECT_TRUE(transport) << transport.error();
  return *std::move(transport);
}

/// Answers every call alike, and keeps the last one.
class GrpcCollector final : public grpc::CallbackGenericService {
 public:
  GrpcCollector(grpc::Status status, std::string response)
      : status_(std::move(status)), response_(std::move(response)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
  }
  ~GrpcCollector() override { server_->Shutdown(); }

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    const std::lock_guard lock(mutex_);
    method_ = context->method();
    const auto header = context->client_metadata().find("api-key");
    if (header != context->client_metadata().end()) {
      key_.assign(header->second.data(), header->second.size());
    }
    return new Call(*this);  // deletes itself: gRPC's way
  }

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string method() {
    const std::lock_guard lock(mutex_);
    return method_;
  }
  std::string key() {
    const std::lock_guard lock(mutex_);
    return key_;
  }

 private:
  class Call final : public grpc::ServerGenericBidiReactor {
   public:
    explicit Call(const GrpcCollector& collector) : collector_(collector) { StartRead(&request_); }
    void OnReadDone(bool) override {
      if (!collector_.status_.ok()) return Finish(collector_.status_);
      const grpc::Slice slice(collector_.response_);
      response_ = grpc::ByteBuffer(&slice, 1);
      StartWriteAndFinish(&response_, {}, grpc::Status());
    }
    void OnDone() override { delete this; }

   private:
    const GrpcCollector& collector_;
    grpc::ByteBuffer request_;
    grpc::ByteBuffer response_;
  };

  const grpc::Status status_;
  const std::string response_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  std::string method_;  // guarded by mutex_
  std::string key_;     // guarded by mutex_
};

std::string partial_success() {
  pb::ExportTraceServiceResponse response;
  response.mutable_partial_success()->set_rejected_spans(3);
  response.mutable_partial_success()->set_error_message("too old");
  return response.SerializeAsString();
}

std::string retry_info() {
  pb::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(7);
  pb::RpcStatus status;
  status.add_details()->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  status.mutable_details(0)->set_value(info.SerializeAsString());
  return status.SerializeAsString();
}

TEST(GrpcTransport, TellsOfAPartialSuccess) {
  GrpcCollector collector(grpc::Status(), partial_success());
  const auto transport = transport_to({.protocol = Protocol::Grpc,
                                       .endpoint = collector.endpoint(),
                                       .gzip = true,
                                       .headers = {{"api-key", "abc"}}});
  EXPECT_EQ(transport->send("", 10s, {}),
            (ExportResult{.kind = Kind::Accepted, .rejected_spans = 3, .message = "too old"}));
  EXPECT_EQ(collector.method(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
  EXPECT_EQ(collector.key(), "abc");
}

TEST(GrpcTransport, TellsOfARefusalAndWhenToComeAgain) {
  GrpcCollector collector(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full", retry_info()),
                          "");
  const auto transport =
      transport_to({.protocol = Protocol::Grpc, .endpoint = collector.endpoint()});
  EXPECT_EQ(
      transport->send("", 10s, {}),
      (ExportResult{.kind = Kind::GrpcStatus, .code = 8, .retry_after = 7s, .message = "full"}));
}

TEST(GrpcTransport, EndsAnAttemptThatIsStopped) {
  const TcpListener silent(TcpListener::Manner::Silent);
  const auto transport =
      transport_to({.protocol = Protocol::Grpc, .endpoint = "http://" + silent.endpoint()});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(transport->send("", 1h, stop.get_token()).code, grpc::StatusCode::CANCELLED);
  EXPECT_EQ(transport->send("", 1ms, {}).code, grpc::StatusCode::DEADLINE_EXCEEDED);
}

/// Takes one connection, answers it, and returns what came up to the end of a body of "{}".
class HttpCollector {
 public:
  explicit HttpCollector(std::string response) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, text = std::move(response)] { serve(text); });
  }
  ~HttpCollector() {
    if (thread_.joinable()) thread_.join();
    ::close(socket_);
  }
  HttpCollector(const HttpCollector&) = delete;
  HttpCollector& operator=(const HttpCollector&) = delete;

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

  std::string received() {
    thread_.join();
    return received_;
  }

 private:
  void serve(const std::string& response) {
    const int client = ::accept(socket_, nullptr, nullptr);
    std::array<char, 4096> piece;
    while (!received_.ends_with("\r\n\r\n{}")) {
      const auto size = ::read(client, piece.data(), piece.size());
      if (size <= 0) break;
      received_.append(piece.data(), static_cast<std::size_t>(size));
    }
    (void)!::write(client, response.data(), response.size());
    ::close(client);
  }

  const int socket_;
  int port_ = 0;
  std::string received_;  // owned by thread_ until it is joined
  std::thread thread_;
};

std::string http_response(std::string_view head, std::string_view body) {
  return "HTTP/1.1 " + std::string(head) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

TEST(HttpTransport, PostsToThePathOfTracesAndTellsOfAPartialSuccess) {
  HttpCollector collector(http_response("200 OK", partial_success()));
  const auto transport =
      transport_to({.endpoint = collector.endpoint(), .headers = {{"api-key", "abc"}}});
  EXPECT_EQ(transport->send("{}", 10s, {}),
            (ExportResult{.kind = Kind::Accepted, .rejected_spans = 3, .message = "too old"}));
  const std::string request = collector.received();
  EXPECT_THAT(request, testing::StartsWith("POST /v1/traces HTTP/1.1\r\n"));
  EXPECT_THAT(request, testing::HasSubstr("api-key: abc\r\n"));
  EXPECT_THAT(request, testing::HasSubstr("Content-Type: application/x-protobuf\r\n"));
}

TEST(HttpTransport, TellsOfARefusalAndWhenToComeAgain) {
  HttpCollector collector(http_response("429 Slow Down\r\nRetry-After: 7", "no"));
  EXPECT_EQ(
      transport_to({.endpoint = collector.endpoint()})->send("{}", 10s, {}),
      (ExportResult{
          .kind = Kind::HttpStatus, .code = 429, .retry_after = 7s, .message = "status 429"}));
}

TEST(HttpTransport, HasNoResponseOfOneThatClosesOrIsSilent) {
  const TcpListener closes(TcpListener::Manner::Closes);
  EXPECT_EQ(transport_to({.endpoint = "http://" + closes.endpoint()})->send("{}", 10s, {}).kind,
            Kind::NoResponse);
  const TcpListener silent(TcpListener::Manner::Silent);
  const auto transport = transport_to({.endpoint = "http://" + silent.endpoint()});
  EXPECT_EQ(transport->send("{}", 1ms, {}).message, "no response in time");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(transport->send("{}", 1h, stop.get_token()).kind, Kind::NoResponse);
}

TEST(GrpcTimeout, NamesTheHostWhoseLookupHasNotEnded) {
  EXPECT_EQ(timeout_text("collector.example", false),
            "the lookup of the name collector.example timed out: does the name server respond");
  EXPECT_EQ(timeout_text("collector.example", true), "no response in time");
}

}  // namespace
}  // namespace osproxy::otlp
