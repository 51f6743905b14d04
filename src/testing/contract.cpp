#include "testing/contract.h"

#include <algorithm>

namespace penstock::contract {

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kShown = 10;
  constexpr size_t kLengthShown = 40;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i].substr(0, kLengthShown);
    if (names[i].size() > kLengthShown) {
      text += "… (" + std::to_string(names[i].size()) + " bytes)";
    }
  }
  if (names.size() > kShown) {
    text += ", … (" + std::to_string(names.size()) + ")";
  }
  return "[" + text + "]";
}

}  // namespace penstock::contract
