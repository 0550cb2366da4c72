namespace osproxy::cli {

void print(const std::string& line);

void example(const StoreStatus& status, const DirectiveSet* set, const Clock& clock) { EXAMPLE(1); }

}  // namespace osproxy::cli
