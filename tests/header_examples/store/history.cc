namespace osproxy {
void example(HistoryReader& reader) {
  const auto print = [](const std::string&) {};
  EXAMPLE(1);
}
}  // namespace osproxy
