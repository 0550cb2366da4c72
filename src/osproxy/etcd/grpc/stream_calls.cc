#include "osproxy/etcd/grpc/stream_calls.h"

#include <utility>

#include "osproxy/etcd/grpc/messages.h"

namespace osproxy::etcd {

namespace pb = ::etcdserverpb;

WatchCall::WatchCall(CallId id, const std::string& token, pb::Watch::Stub& stub,
                     const WatchRequest& request, grpc::CompletionQueue* queue)
    : Call(id, token), request_(to_message(request)) {
  // A member that has lost its leader would be silent for ever; so it cancels the watch (W5).
  context_.AddMetadata("hasleader", "true");
  context_.set_initial_metadata_corked(true);  // headers and request in one packet
  stream_ = stub.PrepareAsyncWatch(&context_, queue);
  stream_->StartCall(nullptr);  // corked: ends with the write, not by itself
  write_.under_way = true;
  stream_->Write(request_, &write_);
  read_.under_way = true;
  stream_->Read(&response_, &read_);
}

std::optional<TransportEvent> WatchCall::ended(Operation& operation, bool ok) {
  operation.under_way = false;
  if (&operation == &write_) return std::nullopt;  // if it failed, so does the read
  if (&operation == &finish_) return failed();
  if (!ok) {
    finish_.under_way = true;
    stream_->Finish(&status_, &finish_);
    return std::nullopt;
  }
  answered_ = true;
  return watch_response(id_, std::move(response_));
}

void WatchCall::go_on() {
  if (!std::exchange(answered_, false)) return;
  read_.under_way = true;
  stream_->Read(&response_, &read_);
}

bool WatchCall::over() const {
  return !answered_ && !write_.under_way && !read_.under_way && !finish_.under_way;
}

KeepAliveCall::KeepAliveCall(CallId id, const std::string& token, pb::Lease::Stub& stub,
                             const KeepAliveRequest& request, grpc::CompletionQueue* queue)
    : Call(id, token), request_(to_message(request)) {
  context_.set_deadline(after(request.timeout));
  context_.set_initial_metadata_corked(true);
  stream_ = stub.PrepareAsyncLeaseKeepAlive(&context_, queue);
  stream_->StartCall(nullptr);
  write_.under_way = true;
  stream_->Write(request_, &write_);
  read_.under_way = true;
  stream_->Read(&response_, &read_);
}

std::optional<TransportEvent> KeepAliveCall::ended(Operation& operation, bool ok) {
  operation.under_way = false;
  if (&operation == &finish_) {
    over_ = true;
    return answered_ ? std::nullopt : std::optional<TransportEvent>(failed());
  }
  if (&operation == &read_) answered_ = ok;
  if (&operation == &close_) {
    stream_->Finish(&status_, &finish_);
  } else if (!write_.under_way && !read_.under_way) {
    end_stream();
  }
  if (&operation != &read_ || !ok) return std::nullopt;
  return kept_alive(id_, response_);
}

/// Half-closed only once it is answered: etcd's grpc-proxy would end it without a response.
void KeepAliveCall::end_stream() {
  if (answered_) {
    stream_->WritesDone(&close_);
  } else {
    stream_->Finish(&status_, &finish_);
  }
}

}  // namespace osproxy::etcd
