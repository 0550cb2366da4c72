// For threads whose work can wait, and must not take time from those that serve requests.
#pragma once

namespace osproxy {

/// From now on the calling thread runs only when a core has nothing better to do, or nearly so: it
/// has the highest nice value, which on Linux is a thread's own (sched(7), "The nice value"), and
/// which threads inherit that it starts. For good: to take it back needs a privilege.
void give_way() noexcept;

}  // namespace osproxy
