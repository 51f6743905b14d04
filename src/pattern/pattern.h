// Pattern: an Amazon EventBridge event pattern over the event as JSON {op, stream, key, before,
// after, meta, at}: exact, prefix, suffix, anything-but, numeric, exists, $or. Immutable; any
// thread.
#pragma once

#include <memory>
#include <string_view>

#include "core/event.h"

namespace penstock {

class Pattern {
 public:
  // `json`: the pattern as JSON text. `fatal`, naming the operator, for one that is not known.
  static Result<Pattern> parse(std::string_view json);
  bool matches(const Event& event) const;

  struct Rule;

 private:
  std::shared_ptr<const Rule> rule_;
};

}  // namespace penstock
