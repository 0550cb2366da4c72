// osproxyctl sign
#include <memory>
#include <optional>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/read_file.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/signed_directive.h"

namespace osproxy::cli {
namespace {

using std::chrono::seconds;

struct Flags {
  SignedDirective directive;
  std::optional<std::chrono::milliseconds> ttl;
  std::optional<std::string> id;
  std::optional<std::string> key_file;
  Output output = Output::Text;
};

constexpr std::size_t kMaxKeyFileBytes = std::size_t{1} << 20;  // the same bound as in osproxy

constexpr char kExamples[] = R"help(Examples:
  curl -H "$(osproxyctl sign --level ShapeTiming --ttl 5m --key-file debug.key)" \
      http://proxy:8080/orders/_search
  osproxyctl sign --level ShapeRewriteDiff --ttl 1h --key-file debug.key --id INC-2291 --ring-buffer
  openssl rand -hex 32 > debug.key && chmod 600 debug.key       # makes a key

An instance whose --debug-key-file has the key records each request that carries the header, until
the header expires. It never passes the header on to OpenSearch. The first key of the file signs.
This command sends nothing.

Exit codes: 0 signed, 1 the key file has no key, 2 wrong usage.)help";

std::expected<DebugKeys, Failure> read_keys(const std::string& path) {
  const auto text = read_file(path, kMaxKeyFileBytes);
  if (!text)
    return std::unexpected(Failure{ExitCode::Usage, "--key-file: the file " + text.error()});
  auto keys = DebugKeys::parse(*text);
  if (!keys) {
    return std::unexpected(Failure{ExitCode::Failed, fmt::format("{}: {}", path, keys.error())});
  }
  if (keys->empty()) {
    return std::unexpected(Failure{ExitCode::Failed, path + ": the file has no key"});
  }
  return *std::move(keys);
}

std::string parts_json(const SignedDirective& directive, std::string_view value) {
  JsonWriter json;
  json.begin_object().field("header", kSignedHeader).field("value", value);
  json.key("directive").raw(encode_signed(directive));
  json.field("expires_at", format_rfc3339(directive.expires)).end_object();
  return std::move(json).take();
}

std::expected<void, Failure> run_sign(const Flags& flags, Environment& environment) {
  const auto keys = read_keys(*flags.key_file);
  if (!keys) return std::unexpected(keys.error());
  SignedDirective directive = flags.directive;
  directive.id = flags.id.value_or("");
  directive.expires = std::chrono::ceil<seconds>(environment.clock.now().wall + *flags.ttl);
  const auto value = sign(directive, keys->newest());
  if (!value) return std::unexpected(Failure{ExitCode::Failed, "OpenSSL has no SHA-256"});
  // A directive that an instance would refuse is an error here.
  const auto read = read_signed(*value, *keys, environment.clock.now().wall,
                                std::chrono::ceil<seconds>(*flags.ttl) + seconds{1});
  if (!read) {
    return std::unexpected(
        Failure{ExitCode::Usage, fmt::format("it would be refused: {}", to_string(read.error()))});
  }
  if (flags.output == Output::Json) {
    fmt::print(environment.out, "{}\n", parts_json(directive, *value));
  } else {
    fmt::print(environment.out, "{}: {}\n", kSignedHeader, *value);
  }
  return {};
}

}  // namespace

Action add_sign(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_value(app, "--level", "LEVEL", "How much to record: Shape, ShapeTiming or ShapeRewriteDiff",
            [flags](const std::string& text) -> std::expected<void, std::string> {
              const auto level = parse_level(text);
              if (!level || *level == Level::Off) {
                return std::unexpected("must be one of: Shape ShapeTiming ShapeRewriteDiff");
              }
              flags->directive.level = *level;
              return {};
            })
      .required();
  add_value(app, "--ttl", "DURATION", "How long the header is valid, from now",
            duration_reader(flags->ttl, std::chrono::days{366}))
      .required();
  add_value(app, "--key-file", "FILE", "The keys, as osproxy's --debug-key-file; the first signs",
            text_reader(flags->key_file, 4096))
      .required();
  add_value(app, "--id", "ID", "Its id in records, as signed:ID",
            text_reader(flags->id, kMaxDirectiveIdBytes));
  add_switch(app, "--ring-buffer", flags->directive.ring_buffer,
             "Also keep records in the break-glass ring");
  add_output(app, flags->output);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return run_sign(*flags, environment); };
}

}  // namespace osproxy::cli
