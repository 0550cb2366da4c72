namespace osproxy {
void example(const Record& record, SipKey key) { EXAMPLE(1); }
}  // namespace osproxy
