#include "config/nearest.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fmt/core.h>

#include "base/join.h"

namespace penstock::config {

namespace {

// Insertions, deletions, replacements, and two neighbours changed about, count one each.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view name, std::span<const std::string> known) {
  constexpr size_t kNameMax = 64;  // nobody mistypes a longer one
  if (name.empty() || name.size() > kNameMax) {
    return "";
  }
  std::string best;
  size_t best_distance = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const size_t d = distance(name, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::string hint(std::string_view name, std::span<const std::string> known) {
  const std::string near = nearest(name, known);
  if (!near.empty()) {
    return fmt::format(", did you mean `{}`?", near);
  }
  if (known.empty()) {
    return "";
  }
  return fmt::format("; known: {}", join(known, ", "));
}

}  // namespace penstock::config
