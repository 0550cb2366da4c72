namespace osproxy::cli {

void print(const std::string& line);

void example(Environment& environment, const std::string& line, std::size_t done,
             std::size_t total) {
  EXAMPLE(1);
}

}  // namespace osproxy::cli
