namespace osproxy {
void example(const RequestSample& sample, std::vector<TenantTotals>& totals) { EXAMPLE(1); }
}  // namespace osproxy
