namespace osproxy {
void print(const std::string& name);
void example(const x509_st& certificate) { EXAMPLE(1); }
}  // namespace osproxy
