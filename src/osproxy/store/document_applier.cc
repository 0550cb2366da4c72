#include "osproxy/store/document_applier.h"

#include <utility>

namespace osproxy {

DocumentApplier::DocumentApplier(const DecodeLimits& limits, const Clock& clock)
    : limits_(limits), clock_(clock), ledger_(limits.max_life), cell_(DirectiveSet::empty_set()) {}

std::expected<void, DecodeError> DocumentApplier::apply(std::string_view bytes,
                                                        std::int64_t revision) {
  auto document = decode(bytes, revision);
  if (!document) return std::unexpected(std::move(document).error());
  apply(*std::move(document), clock_.now());
  return {};
}

std::expected<Document, DecodeError> DocumentApplier::decode(std::string_view bytes,
                                                             std::int64_t revision) {
  auto document = decode_document(bytes, limits_);
  if (!document) reject(document.error(), revision);
  return document;
}

void DocumentApplier::apply(Document document, Now now) {
  apply_again(std::move(document), now);
  rejected_.reset();
}

void DocumentApplier::apply_again(Document document, Now now) {
  cell_.publish(DirectiveSet::compile(std::move(document), ledger_, now));
}

void DocumentApplier::clear() { apply(Document{}, clock_.now()); }

void DocumentApplier::reject(const DecodeError& error, std::int64_t revision) {
  if (rejected_ && rejected_->revision == revision) return;  // a re-read of the same publish
  rejected_ = Rejection{
      .revision = revision, .fault = error.fault, .where = error.where, .at = clock_.now().wall};
}

}  // namespace osproxy
