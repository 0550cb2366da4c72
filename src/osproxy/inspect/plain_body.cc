#include "osproxy/inspect/plain_body.h"

#include <new>
#include <utility>

#include "osproxy/inspect/media_type.h"

namespace osproxy {

PlainBody::PlainBody(const BodyHead& head, std::uint64_t max_bytes) noexcept
    : max_bytes_(max_bytes) {
  const Coding coding = coding_of(head.content_encoding);
  if (!is_json(head.content_type)) {
    unreadable_ = NotRead::NotJson;
  } else if (coding == Coding::Unknown) {
    unreadable_ = NotRead::UnknownCoding;
  } else if (coding == Coding::Compressed) {
    inflater_.reset(new (std::nothrow) Inflater);
    if (inflater_ == nullptr) unreadable_ = NotRead::OutOfMemory;
  }
}

NotRead PlainBody::reason_of(Inflater::Status status) noexcept {
  switch (status) {
    case Inflater::Status::More:
    case Inflater::Status::End:
      return NotRead::None;
    case Inflater::Status::Bad:
      return NotRead::BadCoding;
    case Inflater::Status::OutOfMemory:
      return NotRead::OutOfMemory;
  }
  std::unreachable();
}

}  // namespace osproxy
