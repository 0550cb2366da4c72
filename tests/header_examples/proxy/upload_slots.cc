namespace osproxy {
Task<> example(UploadSlots& slots, SteadyClock::time_point latest) { EXAMPLE(1); }
}  // namespace osproxy
