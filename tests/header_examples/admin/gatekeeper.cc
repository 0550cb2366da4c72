namespace osproxy::admin {
void refuse(Refusal reason);
void example(const AdminRoles& roles, const Clock& clock, const Request& head) { EXAMPLE(1); }
}  // namespace osproxy::admin
