namespace osproxy {
void example(DirectiveStore& store) { EXAMPLE(1); }
}  // namespace osproxy
