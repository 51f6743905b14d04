// Changing one value of an immutable document: a copy with the change, its losses with it. Pure;
// any thread.
#pragma once

#include <span>
#include <string>

#include "base/arena.h"
#include "transforms/path.h"

namespace penstock::transforms {

// The document without the value; as it was when there is none. Arrays are not looked into.
Document without(const Document& document, std::span<const std::string> names, Arena& arena);
// The document with the value there: in place of what stands there, else behind the last name of
// its level. Levels that are missing are made, an absent document too. `rejected` when a value that
// is no document is in the way.
Result<Document> with(const Document& document, std::span<const std::string> names,
                      const Value& value, Arena& arena);

}  // namespace penstock::transforms
