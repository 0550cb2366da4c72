namespace osproxy {
struct Options {
  std::string pem_root_certs;
};
void example(Options& options) { EXAMPLE(1); }
}  // namespace osproxy
