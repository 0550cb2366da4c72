// Decodes any bytes as a document. The decoder never crashes. simdjson's fully validating parser
// accepts every document that the decoder accepts. An accepted document survives a round trip.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <simdjson.h>

#include "osproxy/directive/decode.h"
#include "osproxy/directive/encode.h"
#include "osproxy/directive/json_syntax.h"

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "decoder_fuzz: %s\n", what);
  std::abort();
}

simdjson::error_code twin_error(std::string_view bytes) {
  simdjson::dom::parser parser;
  return parser.parse(simdjson::padded_string(bytes)).error();
}

bool has_place(osproxy::Fault fault) {
  using osproxy::Fault;
  return fault != Fault::InvalidJson && fault != Fault::TooDeep && fault != Fault::TooLarge &&
         fault != Fault::NotAnObject && fault != Fault::UnknownField;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto document = osproxy::decode_document(bytes);
  if (!document) {
    const osproxy::DecodeError& error = document.error();
    require(!osproxy::to_string(error.fault).empty(), "a fault has a slug");
    require(!has_place(error.fault) || !error.where.empty(), "a fault has a place");
    // The twin accepts the same JSON, except for numbers beyond 64 bits.
    if (osproxy::json_fault(bytes)) return 0;
    const auto twin = twin_error(bytes);
    require(twin == simdjson::SUCCESS || twin == simdjson::NUMBER_ERROR,
            "what passes for JSON is JSON");
    return 0;
  }
  require(twin_error(bytes) == simdjson::SUCCESS, "an accepted document is JSON");
  require(!osproxy::json_fault(bytes), "an accepted document has no JSON fault");
  const auto again = osproxy::decode_document(osproxy::encode_document(*document));
  require(again.has_value() && *again == *document, "a document survives the round trip");
  return 0;
}
