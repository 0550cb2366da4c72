namespace osproxy {
void turn_away(ClientLimits::Refused refusal);
void serve(ClientLimits::Slot slot);
void example(const IpAddress& address) { EXAMPLE(1); }
}  // namespace osproxy
