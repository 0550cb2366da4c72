// osproxyctl tail [DIRECTIVE_ID]
#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <stop_token>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/admin/tail_stream.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/filter_flags.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/tail_line.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/visible_text.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  std::string directive;
  RecordFilter filter;
  std::optional<std::int64_t> count;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl tail
  osproxyctl tail acme-search-7f3 --slower 1s --admin http://proxy-1:9901,http://proxy-2:9901
  osproxyctl tail --tenant acme --status 5xx -n 10 --output json | jq .upstream

Prints a line for each new record: time (UTC), instance, request id, endpoint, index, status,
duration, the time until the node's response began, and whether the connection to the node came
from the pool. Times need level ShapeTiming or more. With --output json, each line is an explain
document. Records that an instance cannot send in time are dropped and counted. Ends on SIGINT or
SIGTERM, or after -n records.

Exit codes: 0 ended by a signal or by -n, 1 the output cannot be written, 5 an instance refuses, or
none is reachable at the start.)";

// Merges the tails of all instances.
class Tail final : public TailListener {
 public:
  Tail(const Flags& flags, std::size_t instances, boost::asio::io_context& context,
       Environment& environment)
      : flags_(flags), instances_(instances), context_(context), environment_(environment) {}

  void on_begin(const AdminInstance& instance) override {
    begun_ = true;
    print_reasons();
    if (lost_.erase(instance.to_string()) > 0) {
      fmt::print(environment_.err, "{}: connected again\n", instance.to_string());
      environment_.err.flush();
    }
  }

  void on_event(const AdminInstance& instance, const Event& event) override;

  void on_lost(const AdminInstance& instance, const std::string& reason) override {
    if (!lost_.insert(instance.to_string()).second) return;  // told already
    reasons_.push_back(reason);
    if (begun_) return print_reasons();
    if (lost_.size() == instances_) {
      fail({ExitCode::Unreachable, fmt::format("{}", fmt::join(reasons_, "; "))});
    }
  }

  void on_refused(const AdminInstance&, const std::string& reason) override {
    fail({ExitCode::Unreachable, reason});
  }

  std::expected<void, Failure> end() const;

 private:
  void print_reasons() {
    for (const std::string& reason : reasons_) {
      fmt::print(environment_.err, "{}; trying again\n", printable(reason));
    }
    environment_.err.flush();
    reasons_.clear();
  }
  void show(const AdminInstance& instance, const std::string& record);
  void fail(Failure failure) {
    failure_ = std::move(failure);
    context_.stop();
  }
  std::string left() const;
  bool is_done() const noexcept {
    return flags_.count && shown_ >= static_cast<std::uint64_t>(*flags_.count);
  }

  const Flags& flags_;
  const std::size_t instances_;
  boost::asio::io_context& context_;
  Environment& environment_;
  std::map<std::string, std::string> names_;  // of instances, by their addresses
  std::set<std::string> lost_;
  std::vector<std::string> reasons_;  // not yet printed
  bool begun_ = false;                // some instance
  std::uint64_t shown_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t held_back_ = 0;
  bool knows_end_ = false;       // of the directive
  std::optional<WallTime> end_;  // nullopt: it is gone
  std::optional<Failure> failure_;
};

void Tail::on_event(const AdminInstance& instance, const Event& event) {
  if (is_done() || failure_) return;
  if (event.type == "instance") names_[instance.to_string()] = instance_of_event(event.data);
  if (event.type == "dropped") dropped_ += count_of_event(event.data);
  if (event.type == "held_back") held_back_ += count_of_event(event.data);
  if (event.type == "directive") {
    knows_end_ = true;
    end_ = end_of_event(event.data);
  }
  if (event.type == "ended") {
    fmt::print(environment_.err, "{}: {}\n", instance.to_string(),
               printable(reason_of_event(event.data)));
  }
  if (event.type == "record") show(instance, event.data);
}

void Tail::show(const AdminInstance& instance, const std::string& record) {
  const std::string& name = names_[instance.to_string()];
  const auto line = tail_line(name.empty() ? instance.to_string() : name, record);
  if (!line) {
    return fail(
        {ExitCode::Unreachable, fmt::format("{}: a record is malformed", instance.to_string())});
  }
  environment_.out << (flags_.output == Output::Json ? visible_json(record) : *line) << '\n'
                   << std::flush;
  if (!environment_.out) return fail(output_failure());
  ++shown_;
  if (is_done()) context_.stop();
}

// ", 8m47s left", if the tail is of one directive and an instance knows it.
std::string Tail::left() const {
  using std::chrono::seconds;
  if (!knows_end_) return "";
  const WallTime now = environment_.clock.now().wall;
  const auto left = end_ ? std::chrono::floor<seconds>(*end_ - now) : seconds{0};
  return fmt::format(", {} left", format_duration(std::max(left, seconds{0})));
}

std::expected<void, Failure> Tail::end() const {
  if (failure_) return std::unexpected(*failure_);
  auto& out = flags_.output == Output::Json ? environment_.err : environment_.out;
  fmt::print(out, "-- {} shown, {} matched, {} dropped{} --\n", shown_,
             shown_ + dropped_ + held_back_, dropped_, left());
  return {};
}

std::string target_of(const Flags& flags) {
  std::string target = "/admin/tail";
  RecordFilter filter = flags.filter;
  if (!flags.directive.empty()) filter.directive = flags.directive;
  add_parameters(target, filter);
  return target;
}

// Names the instances that cannot be asked. At least one must be left.
std::expected<void, Failure> leave_out_faulty(AdminAccess& access, Environment& environment) {
  std::vector<std::string> faults;
  std::erase_if(access.instances, [&faults](const AdminInstance& instance) {
    if (!instance.fault.empty()) faults.push_back(instance.fault);
    return !instance.fault.empty();
  });
  if (access.instances.empty()) return std::unexpected(instances_missing(faults, environment));
  for (const std::string& fault : faults) fmt::print(environment.err, "{}\n", fault);
  environment.err.flush();
  return {};
}

std::expected<void, Failure> tail(const Flags& flags, Environment& environment) {
  auto access = admin_access(flags.connection, environment);
  if (!access) return std::unexpected(std::move(access).error());
  const std::stop_token stop = environment.stop_on_signal();
  boost::asio::io_context context(1);
  if (auto left = leave_out_faulty(*access, environment); !left) return left;
  Tail tail(flags, access->instances.size(), context, environment);
  std::list<TailStream> streams;
  for (const AdminInstance& instance : access->instances) {
    streams.emplace_back(context, instance, target_of(flags), *access, tail).start();
  }
  const std::stop_callback stop_here(stop, [&context] { context.stop(); });
  context.run();
  return tail.end();
}

}  // namespace

Action add_tail(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_argument(app, "DIRECTIVE_ID", flags->directive, "Only records that this directive selected");
  add_filter(app, flags->filter);
  add_value(app, "-n,--count", "N", "End after N records",
            number_reader(flags->count, {1, INT64_MAX}));
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Admin);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return tail(*flags, environment); };
}

}  // namespace osproxy::cli
