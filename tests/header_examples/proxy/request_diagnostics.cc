namespace osproxy {
void example(DiagnosticsContext& context, AttributeScratch& scratch, Now started, ClientPeer peer,
             const http::RequestHead& head, std::string_view piece) {
  EXAMPLE(1);
}
}  // namespace osproxy
