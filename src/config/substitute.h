// substitute: replaces ${…} in the scalars of a parsed file, once, innermost first. What was
// substituted is never scanned again and never changes the structure. One thread.
#pragma once

#include "base/files.h"
#include "config/load.h"
#include "config/node.h"
#include "config/problems.h"

namespace penstock::config {

void substitute(Node& root, Files& files, const LoadOptions& options, Problems& problems);

}  // namespace penstock::config
