namespace osproxy::cli {

void example(std::ostream& standard_output) { EXAMPLE(1); }

}  // namespace osproxy::cli
