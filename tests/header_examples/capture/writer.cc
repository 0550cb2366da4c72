namespace osproxy {
void fail(const std::string& reason);
void collect(CaptureBuffer* buffer);
void example() { EXAMPLE(1); }
}  // namespace osproxy
