namespace osproxy {
void show(Stage stage);
void example(const Clock& clock, BootTime started) { EXAMPLE(1); }
}  // namespace osproxy
