namespace osproxy {
struct Writer {
  HistoryStatus status() const;
};
void print(const std::string& reason);
void example(const Writer& writer) { EXAMPLE(1); }
}  // namespace osproxy
