namespace osproxy {
using namespace std::chrono_literals;
void example(const Origin& origin, void (*show)(std::string)) { EXAMPLE(1); }
}  // namespace osproxy
