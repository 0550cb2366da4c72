namespace osproxy {
void example(const http::RequestHead& head, const AttributeSources& sources, Random& random,
             const DirectiveSet::Pointer& set, const Clock& clock) {
  EXAMPLE(1);
}
}  // namespace osproxy
