namespace osproxy::etcd {
void example(const Document& document, const TransportEvent& event, const Clock& clock,
             const std::function<std::optional<Life>(const Directive&)>& lives) {
  const auto perform = [](const AnchorMachine::Actions&) {};
  EXAMPLE(1);
}
}  // namespace osproxy::etcd
