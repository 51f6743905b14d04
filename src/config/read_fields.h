// read_fields: fills a settings struct from a Node by its declared fields. Unknown or repeated
// keys, wrong types, values out of range and missing required fields are errors with file, line,
// column and the nearest known name. One thread.
#pragma once

#include <functional>

#include "config/fields.h"
#include "config/node.h"

namespace penstock::config {

struct ReadOptions {
  bool required = true;  // false for disabled components: keys are checked, nothing is required
};

// `what`: how errors call the thing, as "sink files". All problems found, one a line.
Result<> read_fields(const Node& node, std::string_view what,
                     const std::function<void(FieldVisitor&)>& fields,
                     const ReadOptions& options = {});

}  // namespace penstock::config
