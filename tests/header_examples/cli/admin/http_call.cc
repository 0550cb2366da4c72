namespace osproxy::cli {

void print(const std::string& text);

void example(const Origin& origin) {
  using namespace std::chrono_literals;
  namespace http = boost::beast::http;
  EXAMPLE(1);
}

}  // namespace osproxy::cli
