namespace osproxy {
void show(const AddressBook::Addresses& failing);
void wait(std::chrono::milliseconds time);
void example(Random& random, AddressBook::Address a, AddressBook::Address b) {
  using namespace std::chrono_literals;
  EXAMPLE(1);
}
}  // namespace osproxy
