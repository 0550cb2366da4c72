namespace osproxy::admin {
void show(const Directive& one);
void example(const Document& document, const Caller& caller) { EXAMPLE(1); }
}  // namespace osproxy::admin
