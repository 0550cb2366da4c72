namespace osproxy::cli {

std::expected<void, Failure> example(DirectivePublisher* publisher, const DecodeLimits& limits,
                                     Environment& environment, const Change& change) {
  EXAMPLE(1);
  return {};
}

}  // namespace osproxy::cli
