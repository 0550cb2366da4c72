#include "osproxy/etcd/etcd_document_applier.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "osproxy/core/rfc3339.h"
#include "osproxy/core/secret_file.h"

namespace osproxy::etcd {

EtcdDocumentApplier::EtcdDocumentApplier(const EtcdStoreOptions& options, const Clock& clock,
                                         Transport& transport,
                                         std::unique_ptr<StateStorage> storage, Random random)
    : options_(options),
      clock_(clock),
      transport_(transport),
      applier_(options.limits, clock),
      anchors_({.document_key = options.target.key, .prefix = anchor_prefix(options.target.key)},
               random) {
  if (storage) load_last_good(std::move(storage));
}

/// The saved lives bound the lives of this run. The saved set is served if the options ask for it.
void EtcdDocumentApplier::load_last_good(std::unique_ptr<StateStorage> storage) {
  last_good_.emplace(std::move(storage), options_.target.key, clock_);
  const auto& found = last_good_->found();
  // Another user who can write the file must not keep osproxy from starting, either.
  if (!found && options_.start == StartPolicy::LastGood &&
      fault_of_trusted(options_.state_dir / kStateFileName)) {
    resumed_ = "serving no directives, because others can write the last good set";
  }
  if (!found) return;
  const auto& directives = found->document.directives;
  for (std::size_t i = 0; i < directives.size(); ++i) {
    applier_.bound(directives[i], found->lives[i]);
  }
  if (options_.start != StartPolicy::LastGood) return;
  document_ = found->document;
  applier_.apply(document_, clock_.now());
  revision_ = found->revision;
  resumed_ = fmt::format("serving the last good set, revision {}, saved at {}", found->revision,
                         format_rfc3339(found->saved_at));
}

void EtcdDocumentApplier::take(const Apply& apply, const WatchStatus& watch) {
  Document document;
  if (apply.value) {
    auto decoded = applier_.decode(*apply.value, apply.revision);
    if (!decoded) {
      ++rejected_documents_;
      return;
    }
    document = *std::move(decoded);
  }
  ++applied_documents_;
  document_ = std::move(document);
  revision_ = apply.revision;
  cluster_id_ = watch.cluster_id;
  // One moment for both: the anchor is written with the first sight that applies here.
  const Now now = clock_.now();
  applier_.forget_rejection();
  // A new document is published before anything else; of an old one the anchors first withhold
  // some directives.
  if (apply.from_watch) publish(now);
  auto actions = anchors_.resume(
      AdoptDocument{
          .document = document_,
          .mod_revision = apply.revision,
          .as_of = watch.seen,
          .cluster_id = watch.cluster_id,
          .from_watch = apply.from_watch,
          .remembered = [this](const Directive& one) { return applier_.remembered(one); }},
      now);
  if (!apply.from_watch) publish(now);
  perform(std::move(actions));
}

void EtcdDocumentApplier::take(const RefuseOversized& refuse) {
  applier_.reject({.fault = Fault::TooLarge, .where = {}}, refuse.revision);
  ++rejected_documents_;
}

void EtcdDocumentApplier::take(const TransportEvent& event) {
  perform(anchors_.resume(to_machine<AnchorMachine::Event>(event), clock_.now()));
}

void EtcdDocumentApplier::time_passed() { perform(anchors_.resume(TimePassed{}, clock_.now())); }

void EtcdDocumentApplier::publish(Now now) {
  Document shown;
  shown.directives.reserve(document_.directives.size());
  for (const Directive& directive : document_.directives) {
    if (!anchors_.withholds(directive)) shown.directives.push_back(directive);
  }
  holding_ = shown.directives.size() < document_.directives.size();
  must_publish_ = false;
  applier_.apply_again(std::move(shown), now);
  if (last_good_) last_good_->save(*cell().load(), revision_, cluster_id_);
}

void EtcdDocumentApplier::perform(AnchorMachine::Actions actions) {
  for (AnchorMachine::Action& action : actions) {
    std::visit([this](auto& one) { perform(one); }, action);
  }
  if (must_publish_) publish(clock_.now());
}

void EtcdDocumentApplier::perform(const Anchored& anchored) {
  const Now now = clock_.now();
  const auto ttl = std::get<RelativeEnd>(anchored.directive.end);
  Life life = life_until(anchored.first_seen + ttl, now);
  life.boot_end = std::min(life.boot_end, anchored.own_first_seen + ttl);
  applier_.agree(anchored.directive, life);
  must_publish_ = true;
}

std::vector<std::string> EtcdDocumentApplier::warnings() const {
  std::vector<std::string> warnings;
  if (last_good_) {
    if (std::string warning = last_good_->warning(); !warning.empty()) {
      warnings.push_back(std::move(warning));
    }
  }
  if (const auto refusal = anchors_.refusal()) {
    warnings.push_back(fmt::format(
        "directives with ttl_secs end by {}, not by the moment at which the fleet first "
        "saw them: etcd does not let this user read and write below {} ({})",
        last_good_ ? "this instance's state file" : "this process's own count",
        anchor_prefix(options_.target.key), refusal->detail));
  }
  return warnings;
}

}  // namespace osproxy::etcd
