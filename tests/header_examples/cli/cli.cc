namespace osproxy::cli {

void example(Environment& environment) { EXAMPLE(1); }

}  // namespace osproxy::cli
