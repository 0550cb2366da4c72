// One instance's live tail, read for as long as it is wanted, however often the instance goes away.
//
//   asio::io_context context(1);
//   TailStream stream(context, instance, "/admin/tail?tenant=acme", access, listener);
//   stream.start();
//   context.run();
//
// Beast is hidden in tail_stream.cc. Belongs to the thread that runs the context, and so does the
// listener; both must outlive the stream, and the context be stopped before it goes.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/event_parser.h"

namespace osproxy::cli {

class TailListener {
 public:
  virtual ~TailListener() = default;

  /// The stream has begun, or begun again.
  virtual void on_begin(const Origin& instance) = 0;
  virtual void on_event(const Origin& instance, const Event& event) = 0;
  /// It has ended, for that reason, and is tried again in a moment; also if it never began.
  virtual void on_lost(const Origin& instance, const std::string& reason) = 0;
  /// The instance says that this will not do: 4xx. It is not tried again.
  virtual void on_refused(const Origin& instance, const std::string& reason) = 0;
};

class TailStream {
 public:
  TailStream(boost::asio::io_context& context, Origin instance, std::string target,
             const AdminAccess& access, TailListener& listener);
  ~TailStream();
  TailStream(const TailStream&) = delete;
  TailStream& operator=(const TailStream&) = delete;

  void start();

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy::cli
