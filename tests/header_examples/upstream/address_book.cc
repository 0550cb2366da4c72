namespace osproxy {
AddressBook::Addresses resolve(const char* name);
void connect(const AddressBook::Address& address);
void try_again(const AddressBook::Address& address);
void example(AddressBook::Time now, AddressBook::Address address, ClientKey client) {
  using namespace std::chrono_literals;
  EXAMPLE(1);
}
}  // namespace osproxy
