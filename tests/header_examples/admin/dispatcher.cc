namespace osproxy::admin {
Response example(const AdminOptions& options, const AdminDependencies& dependencies,
                 const Request& head, const Request& request) {
  EXAMPLE(1);
  return response;
}
}  // namespace osproxy::admin
