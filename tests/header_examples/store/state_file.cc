namespace osproxy {
void example(const std::filesystem::path& path, const SavedSet& set, const DecodeLimits& limits,
             void (*complain)(std::string), void (*resume)(const SavedSet&)) {
  EXAMPLE(1);
}
}  // namespace osproxy
