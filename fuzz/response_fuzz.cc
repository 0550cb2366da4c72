// Reads any bytes as OpenSearch's response to any endpoint, in pieces of any size. The scanner
// accepts the same JSON as simdjson, and the reader finds the same facts. Invalid compressed bytes
// end in a reason.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/inspect/response_twin.h"

namespace {

using namespace osproxy;
using Token = JsonScanner::Token;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "response_fuzz: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto endpoint = static_cast<Endpoint>(data[0] % kEndpointCount);
  std::uint32_t state = data[1] + 1U;
  const auto next_size = [&state] {
    state = state * 1'664'525U + 1'013'904'223U;
    return std::size_t{1} + (state >> 16) % 40;
  };
  const std::string_view body(reinterpret_cast<const char*>(data + 2), size - 2);
  test::read_response({.endpoint = endpoint, .content_encoding = "gzip"}, body, next_size);

  const Token token = test::scan(body, next_size);
  if (token == Token::TooDeep) return 0;
  const test::TwinSays twin = test::is_json_for_twin(body);
  if (twin == test::TwinSays::DoNotCompare) return 0;
  require((twin == test::TwinSays::Json) == (token == Token::End), "JSON is JSON for both");

  const ResponseFacts facts = test::read_response({.endpoint = endpoint}, body, next_size);
  // simdjson reads "-0" as the integer 0; the reader does not take it for a count.
  if (twin != test::TwinSays::Json || facts.not_read == NotRead::NotApplicable) return 0;
  if (body.find("-0") != body.npos) return 0;
  require(facts == test::ResponseTwin::read(endpoint, body),
          "the reader finds what simdjson finds");
  return 0;
}
