namespace osproxy {
bool grant(FairQueue::Entry& waiter);
void example(FairQueue::Party client) { EXAMPLE(1); }
}  // namespace osproxy
