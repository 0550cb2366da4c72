namespace osproxy::cli {

void example(simdjson::dom::element root) { EXAMPLE(1); }

}  // namespace osproxy::cli
