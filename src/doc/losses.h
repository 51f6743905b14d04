// Carrying losses (document.h) along when a document is taken out of another or put into one.
// Pointers are JSON pointers: "/a/b", with ~0 for ~ and ~1 for /. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "doc/bson.h"
#include "doc/document.h"

namespace penstock::doc {

void append_pointer(std::string_view name, std::string& pointer);
// The losses of the value at `pointer` and below it, as they read when it stands at `new_pointer`.
void take_losses(const Document& from, std::string_view pointer, std::string_view new_pointer,
                 Arena& arena, std::vector<Loss>& into);
Document with_losses(const Document& document, const std::vector<Loss>& losses, Arena& arena);
// The document that is the value of `child`, an element of `parent`, with its share of the losses.
Document child_document(const Document& parent, const Element& child, Arena& arena);

}  // namespace penstock::doc
