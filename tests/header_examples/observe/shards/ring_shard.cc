namespace osproxy {
void example(const RecordPointer& record) { EXAMPLE(1); }
}  // namespace osproxy
