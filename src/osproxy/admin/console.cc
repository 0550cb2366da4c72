// GET / and /console/{file}: the files of the web console.
#include <string>
#include <string_view>

#include "osproxy/admin/handlers.h"
#include "osproxy/console/console_file.h"
#include "osproxy/core/field_name.h"

namespace osproxy::admin {
namespace {

// The page runs only the listener's own scripts and calls only the listener, so text that a client
// of OpenSearch has chosen can neither run as code nor send data elsewhere.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_zero_weight(std::string_view parameters) noexcept {
  const std::size_t weight = parameters.find("q=0");
  return weight != std::string_view::npos &&
         parameters.find_first_of("123456789", weight) == std::string_view::npos;
}

// Accept-Encoding names gzip (RFC 9110, 12.5.3). A `*` does not count: identity is right as well.
bool accepts_gzip(std::string_view codings) noexcept {
  while (!codings.empty()) {
    const std::string_view one = codings.substr(0, codings.find(','));
    codings.remove_prefix(one.size() == codings.size() ? one.size() : one.size() + 1);
    const std::size_t end = one.find(';');
    const std::string_view parameters = end == std::string_view::npos ? "" : one.substr(end);
    if (equal_names(trimmed(one.substr(0, end)), "gzip")) return !is_zero_weight(parameters);
  }
  return false;
}

Response respond_with(const console::ConsoleFile& file, const Request& request) {
  const bool is_compressed = accepts_gzip(request.accept_encoding.value_or(""));
  const std::string tag =
      std::string("\"").append(file.sha256).append(is_compressed ? "-gzip\"" : "\"");
  Response response{.content_type = file.content_type};
  response.headers = {{"Content-Security-Policy", std::string(kContentSecurityPolicy)},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"},
                      {"Cache-Control", "no-cache"},
                      {"Vary", "Accept-Encoding"},
                      {"ETag", tag}};
  if (request.if_none_match.value_or("").contains(tag)) {
    response.status = 304;
    return response;
  }
  if (is_compressed) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = is_compressed ? std::string(file.gzip) : console::decompress(file);
  return response;
}

}  // namespace

Response get_console(const Context&, const Request& request, std::string_view name) {
  const console::ConsoleFile* file = console::find_file(name.empty() ? console::kPage : name);
  if (file == nullptr) return error_response(404, "not_found", "the console has no such file");
  return respond_with(*file, request);
}

}  // namespace osproxy::admin
