// The compiled form of an event pattern: built by pattern_parse.cpp, evaluated by pattern.cpp.
// Immutable once built; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/decimal.h"
#include "doc/bson.h"
#include "pattern/pattern.h"

namespace penstock {

namespace matchers {

enum class Comparison { equal, less, less_or_equal, greater, greater_or_equal };

struct Bound {
  Comparison comparison;
  Decimal number;
};

struct Exact {  // a value as JSON: one of null, true, false, a number, a text
  std::variant<std::nullptr_t, bool, Decimal, std::string> value;
};
struct Prefix {
  std::string text;
};
struct Suffix {
  std::string text;
};
struct Numeric {
  std::vector<Bound> bounds;
};
struct Exists {
  bool wanted;
};
struct AnythingBut {
  std::vector<std::variant<Exact, Prefix, Suffix>> none_of;
};
using Matcher = std::variant<Exact, Prefix, Suffix, Numeric, Exists, AnythingBut>;

}  // namespace matchers

struct Pattern::Rule {
  struct Field {
    std::string name;
    std::vector<matchers::Matcher> matchers;  // a leaf: one of them; empty when nested
    std::shared_ptr<const Rule> nested;       // an object
  };
  std::vector<Field> fields;                                  // all of them
  std::vector<std::vector<std::shared_ptr<const Rule>>> or_;  // of each, one of them
};

}  // namespace penstock
