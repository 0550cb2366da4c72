// Reads the live tail of one instance, and reconnects when the connection is lost.
//
//   boost::asio::io_context context(1);
//   TailStream stream(context, instance, "/admin/tail?tenant=acme", access, listener);
//   stream.start();
//   context.run();
//
// The stream and the listener belong to the thread that runs the context. The context, `access` and
// the listener must outlive the stream; stop the context before the stream is destroyed.
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

  /// The stream has started, for the first time or again.
  virtual void on_begin(const AdminInstance& instance) = 0;
  virtual void on_event(const AdminInstance& instance, const Event& event) = 0;
  /// The connection is lost, or could not be made. It is tried again soon.
  virtual void on_lost(const AdminInstance& instance, const std::string& reason) = 0;
  /// The instance refuses the request (4xx). It is not tried again.
  virtual void on_refused(const AdminInstance& instance, const std::string& reason) = 0;
};

class TailStream {
 public:
  TailStream(boost::asio::io_context& context, AdminInstance instance, std::string target,
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
