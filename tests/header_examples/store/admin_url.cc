namespace osproxy {

void show(std::string_view text);

void example() { EXAMPLE(1); }

}  // namespace osproxy
