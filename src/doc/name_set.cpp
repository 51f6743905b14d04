#include "doc/name_set.h"

#include <algorithm>

namespace penstock::doc {

bool NameSet::add_similar(const Level& level, std::string_view name) const {
  if (names_.size() - level.first > kShort) {
    return true;  // close() looks at all of them at once
  }
  const auto first = names_.begin() + static_cast<std::ptrdiff_t>(level.first);
  return std::find(first, names_.end(), name) == names_.end();
}

bool NameSet::is_unique_from(size_t first) {
  const auto begin = names_.begin() + static_cast<std::ptrdiff_t>(first);
  std::sort(begin, names_.end());
  return std::adjacent_find(begin, names_.end()) == names_.end();
}

}  // namespace penstock::doc
