namespace osproxy::etcd {
void write_over(Revision revision);

void example(WallTime started, const Clock& clock, std::string_view value) { EXAMPLE(1); }
}  // namespace osproxy::etcd
