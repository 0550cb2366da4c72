namespace osproxy::cli {

void example(const AdminInstance& instance, const AdminAccess& access, TailListener& listener) {
  EXAMPLE(1);
}

}  // namespace osproxy::cli
