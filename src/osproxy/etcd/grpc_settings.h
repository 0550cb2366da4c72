// gRPC's settings for a whole process: for the main function of a program whose gRPC is ours.
//
//   int main() {
//     osproxy::etcd::set_up_grpc();   // before anything else
//     …
//
// gRPC takes them from the environment, when the first store, publisher or reader is made. A
// library must not decide them for a program that has other uses of gRPC, so nobody but main calls
// this.
//
// Thread safety: none, as with all that changes the environment: before there are threads.
#pragma once

namespace osproxy::etcd {

/// Sets each of these unless the environment has it, and ends Abseil's search for deadlocks among
/// gRPC's mutexes, which Debian's build does at each lock of one:
///
/// - GRPC_POLL_STRATEGY=poll: each thread that waits in gRPC waits for its own sockets. By default
///   one of them waits for all, reads what comes, and wakes the thread that it is for: with several
///   stores in a process each change then costs a change of threads, and those that are not the
///   one wait for a wall time, which somebody may set. With thousands of connections on one thread,
///   as servers have them, the default is the better.
/// - GRPC_VERBOSITY=NONE: gRPC writes to stderr when a handshake fails; our failures say it too.
void set_up_grpc();

}  // namespace osproxy::etcd
