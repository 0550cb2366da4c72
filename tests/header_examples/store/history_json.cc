namespace osproxy {
void example(const HistoryEntry& entry, const HistoryList& list) { EXAMPLE(1); }
}  // namespace osproxy
