// Makes a directive set and requests from the input's bytes. The compiled matcher agrees with its
// naive twin, and conclude() never records a request that match() did not select.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/naive_matcher.h"
#include "osproxy/directive/record_budget.h"
#include "tests/directive/generator.h"
#include "tests/directive/verdict_text.h"

namespace {

using namespace osproxy;

/// The input as a source of choices; zeros after its end.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

  std::uint64_t below(std::uint64_t bound) {
    std::uint64_t value = next();
    if (bound > 256) value |= next() << 8;
    if (bound > 65'536) value |= next() << 16;
    return value % bound;
  }

  bool empty() const { return left_ == 0; }

 private:
  std::uint64_t next() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }

  const std::uint8_t* data_;
  std::size_t left_;
};

void require_equal(const Verdict& verdict, const Verdict& expected) {
  if (verdict == expected) return;
  std::fprintf(stderr, "matcher_fuzz: %s\nits twin:     %s\n",
               osproxy::testing::text_of(verdict).c_str(),
               osproxy::testing::text_of(expected).c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Now kStart{WallTime{std::chrono::seconds{2'000'000'000}},
                       BootTime{std::chrono::seconds{3600}}};
  Bytes bytes(data, size);
  osproxy::testing::Generator<Bytes> generator(bytes, kStart.wall);
  LifeLedger ledger;
  const auto set = DirectiveSet::compile(generator.document(32), ledger, kStart);
  for (const CompiledDirective& compiled : set->directives()) {
    if (compiled.directive.level == Level::Off) continue;  // spends no token
    if (generator.below(8) == 1) compiled.usage->thinning.set_cap(Thinning::kClosed);
  }
  for (int requests = 0; requests < 16 && !bytes.empty(); ++requests) {
    const Now now{kStart.wall + std::chrono::seconds{generator.below(110)},
                  kStart.boot + std::chrono::seconds{generator.below(110)}};
    const auto request = generator.request();
    const Verdict expected = naive_match(set->directives(), request.attributes(), now, request.id);
    const Verdict verdict = set->match(request.attributes(), now, request.id);
    require_equal(verdict, expected);

    const Outcome outcome = generator.outcome();
    const Verdict end = set->conclude(request.attributes(), now, request.id, outcome);
    if (end.level > verdict.level || end.matched_count > verdict.matched_count) std::abort();
    if (end.refused_count > verdict.refused_count) std::abort();
    // A closed directive may filter by latency or status too; it then refuses only such requests.
    Verdict decided = verdict;
    decided.refused_count = end.refused_count;
    // A request that nobody vouches for has only half of `max_records`.
    const bool has_all = is_vouched_for(request.attributes(), outcome);
    if (!verdict.undecided && has_all) require_equal(end, decided);
  }
  return 0;
}
