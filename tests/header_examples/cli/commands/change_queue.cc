namespace osproxy::cli {
void print(const StoreChange& change);
void example(const StoreStatus& status, const DirectiveSet::Pointer& set, const Clock& clock,
             const std::stop_token& stop) {
  EXAMPLE(1);
}
}  // namespace osproxy::cli
