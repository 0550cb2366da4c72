namespace osproxy {
void warn(const char* format, const std::string& path, const std::string& fault);
void refuse(const std::string& fault);
void example(const std::string& path) { EXAMPLE(1); }
}  // namespace osproxy
