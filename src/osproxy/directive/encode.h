// Encodes a document as JSON.
#pragma once

#include <string>

#include "osproxy/directive/model.h"

namespace osproxy {

/// Writes JSON in one line, with the fields in the order of docs/document.md and without defaults.
/// decode_document(encode_document(d)) == d for every d that decode_document() can return.
std::string encode_document(const Document& document);

/// Encodes one directive likewise. Two directives are the same (id + content) if the results are
/// equal.
std::string encode_directive(const Directive& directive);

}  // namespace osproxy
