namespace osproxy {
void example(const DirectiveSet::Pointer& set, std::string_view id, const Verdict& verdict) {
  EXAMPLE(1);
}
}  // namespace osproxy
