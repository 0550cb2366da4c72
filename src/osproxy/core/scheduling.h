// When the kernel runs a thread beside others that want the same cores: asked for by the thread
// itself, of the system's ordinary scheduling, and for good.
//
// Thread safety: each is about the calling thread, and the threads that it starts. Neither fails:
// where the kernel does not do it, the thread runs as any other.
#pragma once

namespace osproxy {

/// For threads whose work can wait, and must not take time from those that serve requests: from now
/// on the thread runs only when a core has nothing better to do, or nearly so. It has the highest
/// nice value, which on Linux is a thread's own (sched(7), "The nice value"); to take it back needs
/// a privilege.
void set_idle_priority() noexcept;

/// For threads that sleep until something comes, have little to do with it, and are waited for:
/// from now on, one that wakes up need not wait until another's time is over. It asks for time in
/// slices of 0.1 ms, and has no more time than others in all (sched_setattr(2), `sched_runtime`; of
/// use to such threads since Linux 6.12, without effect before).
void set_short_slice() noexcept;

}  // namespace osproxy
