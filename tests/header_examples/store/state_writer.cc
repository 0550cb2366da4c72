namespace osproxy {
void example(const SavedSet& set) { EXAMPLE(1); }
}  // namespace osproxy
