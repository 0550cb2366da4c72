namespace osproxy {
void example(const Document& before, const Document& after) { EXAMPLE(1); }
}  // namespace osproxy
