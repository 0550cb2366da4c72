#include "osproxy/etcd/grpc/stream_calls.h"

#include <utility>

#include "osproxy/etcd/grpc/messages.h"

namespace osproxy::etcd {

namespace pb = ::etcdserverpb;

WatchCall::WatchCall(CallId id, const std::string& token, pb::Watch::Stub& stub,
                     const WatchRequest& request, grpc::CompletionQueue* queue)
    : Call(id, token), request_(to_message(request)) {
  // With this, a member that has lost its leader cancels the watch, instead of being silent (W5).
  context_.AddMetadata("hasleader", "true");
  context_.set_initial_metadata_corked(true);  // headers and request in one packet
  stream_ = stub.PrepareAsyncWatch(&context_, queue);
  stream_->StartCall(nullptr);  // corked: sent together with the write, so it needs no tag
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
  has_response_ = true;
  return watch_response(id_, std::move(response_));
}

void WatchCall::read_next() {
  if (!std::exchange(has_response_, false)) return;
  read_.under_way = true;
  stream_->Read(&response_, &read_);
}

bool WatchCall::is_over() const {
  return !has_response_ && !write_.under_way && !read_.under_way && !finish_.under_way;
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
    return has_response_ ? std::nullopt : std::optional<TransportEvent>(failed());
  }
  if (&operation == &read_) has_response_ = ok;
  if (&operation == &close_) {
    stream_->Finish(&status_, &finish_);
  } else if (!write_.under_way && !read_.under_way) {
    end_stream();
  }
  if (&operation != &read_ || !ok) return std::nullopt;
  return kept_alive(id_, response_);
}

/// Half-closes only after the response: etcd's grpc-proxy would end an earlier one without any.
void KeepAliveCall::end_stream() {
  if (has_response_) {
    stream_->WritesDone(&close_);
  } else {
    stream_->Finish(&status_, &finish_);
  }
}

}  // namespace osproxy::etcd
