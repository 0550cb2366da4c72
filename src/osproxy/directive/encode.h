// The document as bytes again.
#pragma once

#include <string>

#include "osproxy/directive/model.h"

namespace osproxy {

/// JSON in one line, fields in the order of docs/document.md, defaults left out.
/// decode_document(encode_document(d)) == d for every d that decode_document() can return.
std::string encode_document(const Document& document);

/// One directive, likewise. Two directives are the same (id + content) if these are equal.
std::string encode_directive(const Directive& directive);

}  // namespace osproxy
