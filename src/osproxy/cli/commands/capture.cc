// osproxyctl capture replay FILE... --to URL
#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/progress_bar.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/cli/replay/replay.h"
#include "osproxy/core/json_writer.h"

namespace osproxy::cli {
namespace {

using std::chrono::milliseconds;

struct Flags {
  ReplayOptions replay;
  std::optional<std::string> to;
  std::optional<std::string> ca_file;
  std::optional<milliseconds> timeout;
  std::vector<std::string> headers;
  Output output = Output::Text;
};

constexpr milliseconds kDefaultTimeout = std::chrono::seconds{60};

constexpr char kExamples[] = R"help(Examples:
  osproxyctl capture replay capture-*.ndjson --to http://staging:9200 --dry-run
  osproxyctl capture replay capture-00000001.ndjson --to http://127.0.0.1:9200
  osproxyctl capture replay incident.ndjson --to https://staging:9200 --ca-file ca.pem \
      --header "Authorization: Basic $(printf ana:secret | base64)"

Sends the requests of capture files (docs/capture.md) one after the other, in the order of the
files, with the captured headers and bodies. Most captures have no credentials; --header adds them.
Without --writes, only requests that are known to change nothing are sent: searches, counts, gets
and the like, by their method and path (docs/endpoints.md). A request whose body was cut off is not
sent. A line that is no captured exchange, or that cannot be sent as it was, is skipped, with the
reason.

All files are read before anything is sent. On a terminal a bar shows the rate and the rest.

Exit codes: 0 each response had the captured status, 1 some had another, or a line was odd, 2 wrong
usage, 5 a request got no response, and the rest is not sent.)help";

std::string_view name_of(Replayed::Fate fate) {
  switch (fate) {
    case Replayed::Fate::Sent:
      return "sent";
    case Replayed::Fate::NotSent:
      return "dry_run";
    case Replayed::Fate::Writes:
      return "writes";
    case Replayed::Fate::Truncated:
      return "truncated";
    case Replayed::Fate::Odd:
      return "odd";
  }
  std::unreachable();
}

std::string line_of(const Replayed& replayed) {
  const CapturedRequest& request = replayed.request;
  const std::string what = printable(fmt::format("{} {}", request.method, request.target));
  switch (replayed.fate) {
    case Replayed::Fate::Sent:
      return fmt::format("{}: {} then, {} now", what, request.status, replayed.status);
    case Replayed::Fate::NotSent:
      return fmt::format("{}: would be sent ({} then)", what, request.status);
    case Replayed::Fate::Writes:
      return fmt::format("{}: skipped, it may change something (--writes sends it)", what);
    case Replayed::Fate::Truncated:
      return fmt::format("{}: skipped, its body was cut off", what);
    case Replayed::Fate::Odd:
      return fmt::format("{}: skipped, {}", printable(replayed.place), replayed.reason);
  }
  std::unreachable();
}

std::string json_of(const Replayed& replayed) {
  const CapturedRequest& request = replayed.request;
  JsonWriter json;
  json.begin_object().field("request_id", request.id).field("method", request.method);
  json.field("target", request.target).field("status_then", request.status);
  json.key("status_now");
  if (replayed.fate == Replayed::Fate::Sent) {
    json.value(replayed.status);
  } else {
    json.null();
  }
  json.field("outcome", name_of(replayed.fate));
  if (!replayed.reason.empty()) {
    json.field("place", replayed.place).field("reason", replayed.reason);
  }
  json.end_object();
  return std::move(json).take();
}

std::expected<void, Failure> run_replay(const Flags& flags, Environment& environment) {
  const bool json = flags.output == Output::Json;
  ProgressBar bar(environment);
  const auto totals =
      replay(flags.replay, [&](const Replayed& replayed, const ReplayProgress& progress) {
        bar.clear();
        fmt::print(environment.out, "{}\n", json ? json_of(replayed) : line_of(replayed));
        bar.show(progress.done, progress.total);
      });
  bar.clear();
  if (!totals) return std::unexpected(totals.error());
  if (!json) {
    fmt::print(environment.out, "{} sent, {} with the captured status; {} skipped\n", totals->sent,
               totals->same, totals->not_sent + totals->writes + totals->truncated + totals->odd);
  }
  if (totals->same < totals->sent || totals->odd > 0)
    return std::unexpected(Failure{ExitCode::Failed, {}});
  return {};
}

/// Adds "Name: value", the format of curl.
std::expected<void, Failure> add_header(ReplayOptions& options, const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::size_t value =
      colon == std::string::npos ? colon : text.find_first_not_of(' ', colon + 1);
  const bool is_clean =
      std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (colon == 0 || value == std::string::npos || !is_clean || text.find(' ') < colon) {
    return std::unexpected(
        Failure{ExitCode::Usage, "--header: must be \"Name: value\", in one line"});
  }
  options.headers.emplace_back(text.substr(0, colon), text.substr(value));
  return {};
}

std::expected<void, Failure> complete(Flags& flags) {
  const auto to = parse_origin(*flags.to);
  if (!to) return std::unexpected(Failure{ExitCode::Usage, "--to: " + to.error()});
  flags.replay.to = *to;
  flags.replay.ca_file = flags.ca_file.value_or("");
  flags.replay.timeout = flags.timeout.value_or(kDefaultTimeout);
  for (const std::string& header : flags.headers) {
    if (auto added = add_header(flags.replay, header); !added) return added;
  }
  return {};
}

void add_replay(CLI::App& app, Flags& flags) {
  add_argument(app, "FILE", flags.replay.files, "Capture files, in this order").required();
  add_value(app, "--to", "URL", "Target: http:// or https://, a host and a port",
            text_reader(flags.to, 4096))
      .required();
  add_value(app, "--ca-file", "FILE", "CAs for https, as PEM (default: the system's)",
            text_reader(flags.ca_file, 4096));
  add_values(app, "--header", "'NAME: VALUE'",
             "A header for each request; replaces the captured one", flags.headers);
  add_value(app, "--timeout", "DURATION", "How long each request may take (default: 1m)",
            duration_reader(flags.timeout, std::chrono::hours{1}));
  add_switch(app, "--writes", flags.replay.writes, "Also send requests that may change something");
  add_switch(app, "--dry-run", flags.replay.dry_run, "Send nothing, and show what would be sent");
  add_output(app, flags.output);
  set_examples(app, kExamples);
}

}  // namespace

Action add_capture(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App& replay = add_subcommand(app, "replay", "Send the requests of capture files again");
  require_subcommand(app);
  add_replay(replay, *flags);
  set_examples(app, kExamples);
  return [flags](Environment& environment) -> std::expected<void, Failure> {
    if (auto completed = complete(*flags); !completed) return completed;
    return run_replay(*flags, environment);
  };
}

}  // namespace osproxy::cli
