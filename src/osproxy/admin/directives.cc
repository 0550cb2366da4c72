// GET and POST /admin/directives: reads the document in force, and publishes another.
#include "osproxy/admin/handlers.h"
#include "osproxy/admin/publishing.h"
#include "osproxy/directive/encode.h"

namespace osproxy::admin {

Response get_directives(const Context& context, const Request&, std::string_view) {
  // Reads the revision first: if the set changes in between, the ETag is too old, not too new, and
  // a conditional POST based on this response fails and does not overwrite.
  const std::int64_t revision = context.dependencies.store.status().revision;
  Response response{.body = encode_document(context.dependencies.store.load()->document())};
  response.headers.emplace_back("ETag", etag(revision));
  return response;
}

Response post_directives(const Context& context, const Request& request, std::string_view) {
  if (context.dependencies.publisher == nullptr) return read_only();
  const auto expected = expected_revision(request);
  if (!expected) return expected.error();
  const auto note = read_note(request);
  if (!note) return note.error();
  const auto published = context.dependencies.publisher->publish(request.body, *expected, *note);
  if (!published) return publish_refusal(published.error());

  JsonWriter json;
  json.begin_object().field("revision", *published).end_object();
  Response response{.body = std::move(json).take()};
  response.headers.emplace_back("ETag", etag(*published));
  return response;
}

}  // namespace osproxy::admin
