namespace osproxy {

void example(const SipKey& key) { EXAMPLE(1); }

}  // namespace osproxy
