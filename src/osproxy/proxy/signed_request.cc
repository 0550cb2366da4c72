#include "osproxy/proxy/signed_request.h"

#include <algorithm>
#include <expected>
#include <utility>

#include "osproxy/core/field_name.h"

namespace osproxy {
namespace {

std::expected<SignedDirective, SignedFault> read_header(const http::RequestHead& head,
                                                        DiagnosticsContext& context, Now now) {
  const auto is_it = [](const http::Header& header) {
    return equal_names(header.name, kSignedHeader);
  };
  if (std::ranges::count_if(head.headers, is_it) > 1) {
    return std::unexpected(SignedFault::Repeated);
  }
  auto directive =
      read_signed(http::find_header(head, kSignedHeader), context.identities.load()->debug_keys(),
                  now.wall, context.options.max_life);
  if (directive && !context.signed_bucket.take(context.options.signed_budget, now.boot)) {
    return std::unexpected(SignedFault::OverBudget);
  }
  return directive;
}

}  // namespace

void SignedRequest::read(const http::RequestHead& head, DiagnosticsContext& context, Now now) {
  auto directive = read_header(head, context, now);
  if (directive) {
    directive_ = std::make_unique<const SignedDirective>(*std::move(directive));
  } else {
    fault_ = directive.error();
  }
  context.recorder.count_signed(fault_);
}

void SignedRequest::add_to(Verdict& verdict) const noexcept {
  if (!directive_) return;
  verdict.level = std::max(verdict.level, directive_->level);
  verdict.ring_buffer = verdict.ring_buffer || directive_->ring_buffer;
}

std::string SignedRequest::directive_id() const {
  return directive_->id.empty() ? "signed" : "signed:" + directive_->id;
}

}  // namespace osproxy
