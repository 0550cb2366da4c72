namespace osproxy::cli {

void example(const Fleet& fleet) { EXAMPLE(1); }

}  // namespace osproxy::cli
