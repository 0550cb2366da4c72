// The first step of a program, before it opens anything. Linux.
//
// Thread safety: call it from main(), before any other thread exists.
#pragma once

namespace osproxy {

/// Makes the process safe from its environment:
///
/// - opens /dev/null in place of closed standard streams, so that no file or socket gets their
///   descriptors, and log lines with them. It is opened for reading: a write to a stream that was
///   closed fails, as it should, instead of being lost;
/// - ignores SIGPIPE and SIGXFSZ: a write to a broken connection, or beyond the limit on the size
///   of files, returns an error instead of ending the process.
void prepare_process() noexcept;

}  // namespace osproxy
