#include "osproxy/admin/message.h"

#include "osproxy/directive/decode.h"

namespace osproxy::admin {

std::string_view Request::query() const noexcept {
  const std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

Response error_response(int status, std::string_view type, std::string_view reason,
                        const ErrorFields& more) {
  JsonWriter json;
  json.begin_object().key("error").begin_object();
  json.field("type", type).field("reason", reason);
  if (more) more(json);
  json.end_object().field("status", status).end_object();
  return {.status = status, .body = std::move(json).take()};
}

Response too_many_calls() {
  return error_response(503, "too_many_calls", "too many calls of this kind are under way");
}

Response body_too_large() {
  return error_response(413, to_string(Fault::TooLarge), "the body is larger than any document",
                        [](JsonWriter& error) {
                          error.field("slug", to_string(Fault::TooLarge)).field("where", "");
                        });
}

}  // namespace osproxy::admin
