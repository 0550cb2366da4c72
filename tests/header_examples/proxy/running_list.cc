namespace osproxy {
void example(RunningEntry& entry, const RunningQuery& query, const Clock& clock) { EXAMPLE(1); }
}  // namespace osproxy
