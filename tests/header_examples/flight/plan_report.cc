namespace osproxy {
void example(const PlanReport& report) { EXAMPLE(1); }
}  // namespace osproxy
