// keep_tail: what is to be cut off a file goes into a file beside it first, because what looks like
// a write that was never finished may be damage in front of what was whole.
#pragma once

#include "base/files.h"

namespace penstock {

inline constexpr std::string_view kCutMark = ".cut-";

// Copies all from `offset` on to `path`.cut-OFFSET (over an older one), durable on return but for
// its name; gives that path. Errors are the files' own.
Result<std::string> keep_tail(Files& files, File& file, const std::string& path, uint64_t offset);

}  // namespace penstock
