namespace osproxy {
void example(const std::filesystem::path& directory, const std::string& key,
             const DecodeLimits& limits, const Clock& clock, DirectiveSet::Pointer set,
             std::int64_t revision, std::uint64_t cluster_id, void (*resume)(const SavedSet&)) {
  EXAMPLE(1);
}
}  // namespace osproxy
