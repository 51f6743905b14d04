// keep_tail: what is to be cut off a file goes into a file beside it first, because what looks like
// a write that was never finished may be damage in front of what was whole.
#pragma once

#include "base/files.h"

namespace penstock {

// Copies all from `offset` on to `path`.cut-OFFSET, durable on return but for its name, and removes
// what was kept so in the folder before; gives that path. Errors are the files' own.
Result<std::string> keep_tail(Files& files, File& file, const std::string& path, uint64_t offset);

}  // namespace penstock
