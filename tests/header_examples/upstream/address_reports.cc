namespace osproxy {
void example(AddressBook::Address address, AddressBook& book) { EXAMPLE(1); }
}  // namespace osproxy
