// gRPC's settings for a whole process, for the main function of a program that uses gRPC only
// through osproxy.
//
//   int main() {
//     osproxy::etcd::set_up_grpc();  // before anything else
//     …
//   }
//
// gRPC reads them from the environment when the first store, publisher or reader is created. Only
// main calls this: a library must not decide for a program that has other uses of gRPC.
//
// Thread safety: none. It changes the environment, so call it before threads are started.
#pragma once

namespace osproxy::etcd {

/// Sets each of these variables unless it is set. Also ends Abseil's search for deadlocks among
/// gRPC's mutexes, which Debian's build makes at every lock:
///
/// - GRPC_POLL_STRATEGY=poll: each thread that waits in gRPC waits for its own sockets. By default
/// one thread waits for all sockets, reads, and wakes the thread that the data is for. With
/// several stores in a process each change then costs a thread switch, and the other threads wait
/// for a wall time, which somebody may set. The default is better for servers, with thousands of
/// connections on one thread.
/// - GRPC_VERBOSITY=NONE: otherwise gRPC writes to stderr when a handshake fails, which the
/// failures of the calls say as well.
void set_up_grpc();

}  // namespace osproxy::etcd
