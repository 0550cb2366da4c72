namespace osproxy {

void example(const http::RequestHead& head, const http::ResponseHead& received, CursorTable& table,
             std::string_view piece, OpenCursor opener, int status, Now now) {
  EXAMPLE(1);
}

}  // namespace osproxy
