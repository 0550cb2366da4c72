namespace osproxy {
void suspect_the_node();
void example(ClientKey client) { EXAMPLE(1); }
}  // namespace osproxy
