#include "osproxy/store/document_applier.h"

#include <utility>

namespace osproxy {

DocumentApplier::DocumentApplier(const DecodeLimits& limits, const Clock& clock)
    : limits_(limits), clock_(clock), ledger_(limits.max_life), cell_(DirectiveSet::empty_set()) {}

std::expected<void, DecodeError> DocumentApplier::apply(std::string_view bytes,
                                                        std::int64_t revision) {
  auto document = decode_document(bytes, limits_);
  if (!document) {
    reject(document.error(), revision);
    return std::unexpected(std::move(document).error());
  }
  apply(*std::move(document));
  return {};
}

void DocumentApplier::apply(Document document) {
  cell_.publish(DirectiveSet::compile(std::move(document), ledger_, clock_.now()));
  rejected_.reset();
}

void DocumentApplier::clear() { apply(Document{}); }

void DocumentApplier::reject(const DecodeError& error, std::int64_t revision) {
  if (rejected_ && rejected_->revision == revision) return;  // a re-read of the same publish
  rejected_ = Rejection{
      .revision = revision, .fault = error.fault, .where = error.where, .at = clock_.now().wall};
}

}  // namespace osproxy
