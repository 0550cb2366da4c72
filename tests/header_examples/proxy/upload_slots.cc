namespace osproxy {
Task<> example(UploadSlots& slots, ClientKey client, SteadyClock::time_point latest) { EXAMPLE(1); }
}  // namespace osproxy
