#include "doc/name_set.h"

#include <algorithm>

namespace penstock::doc {

bool NameSet::add(std::string_view name) {
  if (names_.size() <= kShort && std::find(names_.begin(), names_.end(), name) != names_.end()) {
    return false;
  }
  names_.push_back(name);
  return true;
}

bool NameSet::is_unique_when_sorted() {
  std::sort(names_.begin(), names_.end());
  return std::adjacent_find(names_.begin(), names_.end()) == names_.end();
}

}  // namespace penstock::doc
