// The signed directive that a request carries in its header, if it carries one that counts.
//
// Reads the header once, verifies it, takes it from the worker's budget, and counts the outcome.
// Belongs to one request.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/signed_directive.h"
#include "osproxy/http/head.h"
#include "osproxy/proxy/diagnostics_context.h"

namespace osproxy {

class SignedRequest {
 public:
  /// `head` has the header at least once. Refusals are remembered: fault().
  void read(const http::RequestHead& head, DiagnosticsContext& context, Now now);

  bool is_valid() const noexcept { return directive_ != nullptr; }

  /// Why the header is refused; nullopt: it is not, or there is none.
  std::optional<SignedFault> fault() const noexcept { return fault_; }

  /// Raises the level and the outputs of `verdict` to those of the directive, if there is one.
  void add_to(Verdict& verdict) const noexcept;

  /// "signed", or "signed:ID"; only if it is valid.
  std::string directive_id() const;

 private:
  std::unique_ptr<const SignedDirective> directive_;  // few requests have one
  std::optional<SignedFault> fault_;
};

}  // namespace osproxy
