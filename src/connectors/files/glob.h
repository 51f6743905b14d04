// Globs over the disk seam: `*`, `?` and `[a-z]` inside a name, `**` for any folders between. Names
// that begin with a dot match only a pattern that does. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace penstock::files {

bool is_glob(std::string_view path);
// One name against one segment of a pattern.
bool name_matches(std::string_view pattern, std::string_view name);
// The paths that match, sorted; folders are left out. More than `most` is an error.
Result<std::vector<std::string>> expand(Files& files, std::string_view pattern, size_t most);

}  // namespace penstock::files
