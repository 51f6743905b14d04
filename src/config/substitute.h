// substitute: replaces ${…} in the scalars of a parsed file, once, innermost first. What was
// substituted is never scanned again and never changes the structure. One thread.
#pragma once

#include "base/files.h"
#include "config/load.h"
#include "config/node.h"
#include "config/problems.h"

namespace penstock::config {

void substitute(Node& root, Files& files, const LoadOptions& options, Problems& problems);

// Whether a value of the node, or within it, came from a ${file:…}.
bool has_file_values(const Node& node);
// Reads those values again; true: one of them is another now. Errors as of load_text().
Result<bool> read_again(Node& node, Files& files, const LoadOptions& options);

}  // namespace penstock::config
