// NameSet: finds the names that an object of an envelope repeats. The first few are compared one by
// one, more are sorted once, so that no input makes it slow. One thread.
#pragma once

#include <string_view>
#include <vector>

namespace penstock::doc {

class NameSet {
 public:
  // False: the object has this name already. The view must outlive the set.
  bool add(std::string_view name);
  // At the end of the object: false when a name was repeated.
  bool is_unique() { return names_.size() <= kShort || is_unique_when_sorted(); }

 private:
  bool is_unique_when_sorted();
  static constexpr size_t kShort = 32;
  std::vector<std::string_view> names_;
};

}  // namespace penstock::doc
