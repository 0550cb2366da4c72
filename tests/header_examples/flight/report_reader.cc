namespace osproxy {
void example(simdjson::dom::element plan) { EXAMPLE(1); }
}  // namespace osproxy
