#include "tests/proxy/fixture.h"

namespace osproxy {

void KeepingRecorder::count(const RequestSample& sample) noexcept {
  const std::lock_guard lock(mutex_);
  samples_.push_back(sample);
  changed_.notify_all();
}

void KeepingRecorder::matched(const MatchedRequest& request) noexcept {
  const std::lock_guard lock(mutex_);
  decisions_.push_back(request.verdict.selected());
}

std::vector<bool> KeepingRecorder::decisions() {
  const std::lock_guard lock(mutex_);
  return decisions_;
}

void KeepingRecorder::record(Record record, bool ring_buffer) noexcept {
  const std::lock_guard lock(mutex_);
  records_.push_back(std::move(record));
  ring_records_ += ring_buffer ? 1 : 0;
  changed_.notify_all();
}

void KeepingRecorder::refuse(std::uint64_t directives) noexcept {
  const std::lock_guard lock(mutex_);
  refused_ += directives;
}

void KeepingRecorder::count_signed(std::optional<SignedFault> fault) noexcept {
  const std::lock_guard lock(mutex_);
  signed_directives_.push_back(fault);
}

std::vector<std::optional<SignedFault>> KeepingRecorder::signed_directives() {
  const std::lock_guard lock(mutex_);
  return signed_directives_;
}

std::uint64_t KeepingRecorder::refused() {
  const std::lock_guard lock(mutex_);
  return refused_;
}

std::vector<RequestSample> KeepingRecorder::await_samples(std::size_t size) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return samples_.size() >= size; }));
  return samples_;
}

std::vector<Record> KeepingRecorder::await_records(std::size_t size) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return records_.size() >= size; }));
  return records_;
}

std::vector<Record> KeepingRecorder::records() {
  const std::lock_guard lock(mutex_);
  return records_;
}

int KeepingRecorder::ring_records() {
  const std::lock_guard lock(mutex_);
  return ring_records_;
}

std::chrono::microseconds sum_of(const StageTimes& times) {
  std::chrono::microseconds sum{0};
  for (std::size_t i = 0; i < kStageCount; ++i) {
    sum += times.spent(static_cast<Stage>(i)).value_or(std::chrono::microseconds{0});
  }
  return sum;
}

ProxyTest::ProxyTest() {
  options.upstream.nodes = {loopback_node(upstream.port())};
  options.dates = false;
}

ProxyTest::~ProxyTest() = default;

void ProxyTest::start() {
  std::vector<std::string> names;
  for (const Origin& node : options.upstream.nodes) names.push_back(node.address.to_string());
  stats = std::make_unique<UpstreamStats>(std::move(names), options.workers, clock.now().wall);
  auto started = try_start();
  ASSERT_TRUE(started.has_value()) << started.error();
  server = *std::move(started);
}

std::expected<std::unique_ptr<Server>, std::string> ProxyTest::try_start() {
  return Server::start(
      options, directives, [this](std::size_t) -> Recorder& { return recorder; }, *time, *stats);
}

void ProxyTest::select_all(Level level, void (*change)(Directive&)) {
  Directive directive{.id = "all", .level = level, .end = std::chrono::hours(1)};
  if (change != nullptr) change(directive);
  directives.publish(DirectiveSet::compile({.directives = {directive}}, ledger, clock.now()));
}

}  // namespace osproxy
