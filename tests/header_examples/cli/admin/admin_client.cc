namespace osproxy::cli {

void print(const std::string& text);

void example(const AdminInstance& instance, const std::string& token) {
  using namespace std::chrono_literals;
  EXAMPLE(1);
}

}  // namespace osproxy::cli
