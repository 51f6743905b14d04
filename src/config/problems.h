// Problems: collects what is wrong with a configuration, so that all of it is reported at once.
// Owned by the function that reads; one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/node.h"

namespace penstock::config {

std::string to_string(const Mark& mark);  // "file:3:7"

class Problems {
 public:
  static constexpr size_t kMost = 50;

  void add(const Mark& mark, std::string_view what);
  // The text of a `fatal` that read_fields or the like returned: whole lines with their marks.
  void add_lines(const std::string& lines);
  bool empty() const { return lines_.empty(); }
  size_t size() const { return lines_.size(); }
  Result<> result() const;

 private:
  std::vector<std::string> lines_;
  bool more_ = false;
};

// The text in `…` marks, cut when long, control bytes escaped: fit for one line of an error.
std::string quote(std::string_view text);

}  // namespace penstock::config
