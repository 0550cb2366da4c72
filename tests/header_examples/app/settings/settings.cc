namespace osproxy::app {

void print(const std::string& text);

int example(const std::vector<std::string>& arguments) {
  EXAMPLE(1);
  return 0;
}

}  // namespace osproxy::app
