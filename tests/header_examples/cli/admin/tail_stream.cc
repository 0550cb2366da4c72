namespace osproxy::cli {

void example(const Origin& instance, const AdminAccess& access, TailListener& listener) {
  EXAMPLE(1);
}

}  // namespace osproxy::cli
