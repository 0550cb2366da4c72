namespace osproxy::cli {

void fail(const std::string& error);
void show(const Event& event);

void example(std::string_view bytes) { EXAMPLE(1); }

}  // namespace osproxy::cli
