namespace osproxy {
Task<> example(const ExchangeScope& scope, RequestUpload& upload, http::ResponseHead& response,
               const bool& draining, UpstreamPool::Lease& lease) {
  EXAMPLE(1);
}
}  // namespace osproxy
