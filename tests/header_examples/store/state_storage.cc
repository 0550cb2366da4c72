namespace osproxy {
void example(const DecodeLimits& limits, const SavedSet& set) { EXAMPLE(1); }
}  // namespace osproxy
