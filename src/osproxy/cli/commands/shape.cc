// osproxyctl shape FILE|-
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/cli/run/read_input.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/inspect/body_structure_reader.h"
#include "osproxy/inspect/json_scanner.h"
#include "osproxy/inspect/plain_body.h"
#include "osproxy/inspect/shape_hash.h"

namespace osproxy::cli {
namespace {

struct Flags {
  Output output = Output::Text;
  std::string file;
  std::optional<Endpoint> endpoint;
};

constexpr char kExamples[] = R"help(Examples:
  osproxyctl shape query.json
  curl -s http://host/query | osproxyctl shape - --output json | jq -r .shape
  osproxyctl shape bulk.ndjson --endpoint IngestBulk
  osproxyctl on --shape "$(osproxyctl shape query.json | head -1)" --endpoint Search \
      --level ShapeTiming --ttl 30m

Prints the hash of the body's shape, as in a record's shape, and the text that is hashed. Bodies
that differ in values, in the order of members or in the length of arrays have the same hash. The
meaning of a body depends on the endpoint: without --endpoint, a body of several JSON values is a
bulk if its first line is an action, else a multi-search; one value is a search. A body in gzip is
decompressed. This command sends nothing.

Exit codes: 0 done, 1 the body has no hash, 2 wrong usage.)help";

std::expected<void, std::string> read_endpoint(const std::string& text,
                                               std::optional<Endpoint>& into) {
  into = parse_endpoint(text);
  if (into) return {};
  return std::unexpected("must be one of: " + names<Endpoint>(kEndpointCount));
}

/// The endpoint whose bodies look like this one. The action of a bulk is an object; the `index` of
/// a multi-search's header is a name or several.
Endpoint guess_endpoint(std::string_view body) {
  using Token = JsonScanner::Token;
  JsonScanner scanner;
  std::string key;
  bool is_action = false;
  while (!scanner.done()) {
    const Token token = scanner.next(body);
    if (token == Token::NeedMore || token == Token::Malformed || token == Token::TooDeep) {
      return Endpoint::Search;
    }
    if (token == Token::Key && scanner.depth() == 1) key = scanner.text();
    is_action =
        is_action || (token == Token::BeginObject && scanner.depth() == 2 &&
                      (key == "index" || key == "create" || key == "update" || key == "delete"));
  }
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return Endpoint::Search;
  return is_action ? Endpoint::IngestBulk : Endpoint::MultiSearch;
}

/// "line 3, column 7" of the byte after the first `size` bytes.
std::string place_after(std::string_view body, std::size_t size) {
  const std::string_view before = body.substr(0, size);
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t begin = before.rfind('\n') + 1;  // 0 if there is none
  return fmt::format("line {}, column {}", line, before.size() - begin + 1);
}

/// Why the body has no hash, and where.
std::string fault_of(Endpoint endpoint, std::string_view body) {
  BodyStructureReader reader({.endpoint = endpoint});
  std::size_t size = 0;
  while (size < body.size() && reader.is_reading()) reader.read(body.substr(size++, 1));
  const bool is_stopped = !reader.is_reading();
  const BodyStructure structure = reader.finish(true);
  const std::string place = place_after(body, is_stopped ? size - 1 : size);
  switch (structure.not_read) {
    case NotRead::NoBody:
      return "it is empty";
    case NotRead::Malformed:
      return fmt::format("{}: {}", place, is_stopped ? "this is not JSON" : "the JSON has no end");
    case NotRead::TooDeep:
      return fmt::format("{}: nested deeper than {} levels", place, JsonScanner::kMaxDepth);
    default:
      break;
  }
  switch (structure.truncated) {
    case Truncation::TooLong:
      return fmt::format("longer than the {} bytes that are read", BodyStructureReader::kMaxBytes);
    case Truncation::TooDeep:
      return fmt::format("nested deeper than {} levels", BodyStructureReader::kMaxDepth);
    default:
      return "it has more paths than are kept";
  }
}

/// A file that holds a compressed body is read as the body.
std::expected<std::string, std::string> decompressed(std::string bytes) {
  constexpr std::string_view kGzip = "\x1f\x8b";
  if (!bytes.starts_with(kGzip)) return bytes;
  PlainBody body({.content_encoding = "gzip"}, BodyStructureReader::kMaxBytes + 1);
  std::string plain;
  const NotRead fault = body.feed(bytes, [&plain](std::string_view piece) {
    plain += piece;
    return true;
  });
  if (fault == NotRead::TooLong || (fault == NotRead::None && !plain.empty())) return plain;
  return std::unexpected("it begins as gzip does, and cannot be decompressed");
}

std::string shape_json(Endpoint endpoint, std::uint64_t hash, std::string_view text) {
  JsonWriter json;
  json.begin_object().field("shape", to_hex16(hash)).field("endpoint", to_string(endpoint));
  json.field("text", text).end_object();
  return std::move(json).take();
}

std::expected<void, Failure> shape(const Flags& flags, Environment& environment) {
  auto bytes = read_input(flags.file, BodyStructureReader::kMaxBytes, environment);
  if (!bytes) return std::unexpected(bytes.error());
  const auto body = decompressed(*std::move(bytes));
  if (!body) {
    return std::unexpected(Failure{
        ExitCode::Failed, fmt::format("{}: no shape: {}", input_name(flags.file), body.error())});
  }
  const Endpoint endpoint = flags.endpoint ? *flags.endpoint : guess_endpoint(*body);
  BodyStructureReader reader({.endpoint = endpoint});
  reader.read(*body);
  reader.end_body(true);
  const auto text = reader.shape_text();
  if (!text) {
    return std::unexpected(Failure{
        ExitCode::Failed,
        fmt::format("{}: no shape: {}", input_name(flags.file), fault_of(endpoint, *body))});
  }
  const auto hash = shape_hash_of(*text);
  if (!hash) return std::unexpected(Failure{ExitCode::Failed, "OpenSSL has no SHA-256"});
  if (flags.output == Output::Json) {
    fmt::print(environment.out, "{}\n", shape_json(endpoint, *hash, *text));
  } else {
    fmt::print(environment.out, "{}\n\n{}", to_hex16(*hash), *text);
  }
  return {};
}

}  // namespace

Action add_shape(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_argument(app, "FILE", flags->file, "The body, or - for standard input").required();
  add_value(app, "--endpoint", "NAME", "The endpoint that the body is for (default: by the body)",
            [flags](const std::string& text) { return read_endpoint(text, flags->endpoint); });
  add_output(app, flags->output);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return shape(*flags, environment); };
}

}  // namespace osproxy::cli
