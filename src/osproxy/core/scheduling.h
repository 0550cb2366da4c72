// Sets how the kernel schedules the calling thread: once, and for the rest of its life.
//
//   set_idle_priority();    // at the start of a background thread
//   set_short_slice();      // at the start of a thread that others wait for
//
// Thread safety: each call applies to the calling thread and the threads that it starts later.
// Neither fails: where the kernel does not support it, the thread runs as any other.
#pragma once

namespace osproxy {

/// Gives the thread the highest nice value: it takes almost no time from threads that serve
/// requests. For work that can wait. On Linux the nice value belongs to the thread (sched(7), "The
/// nice value"). Only a privileged process can lower it again.
void set_idle_priority() noexcept;

/// Requests time slices of 0.1 ms: when the thread wakes up, it need not wait until the slice of
/// another thread is over. For threads that sleep, then do a little work that others wait for. The
/// thread gets no larger share of time (sched_setattr(2), `sched_runtime`; without effect before
/// Linux 6.12).
void set_short_slice() noexcept;

}  // namespace osproxy
