#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "doc/json.h"
#include "pattern/pattern_rule.h"

namespace penstock {

namespace {

using doc::Element;
using doc::Elements;
using doc::Type;
using matchers::AnythingBut;
using matchers::Comparison;
using matchers::Exact;
using matchers::Exists;
using matchers::Matcher;
using matchers::Numeric;
using matchers::Prefix;
using matchers::Suffix;
using Rule = Pattern::Rule;

constexpr size_t kPatternBytesMax = size_t{64} << 10;
constexpr int kPatternDepthMax = 32;

std::unexpected<Error> bad(const std::string& what) {
  return fatal("event pattern: " + what);
}

Result<Exact> exact_of(const Element& element) {
  if (element.is_null()) {
    return Exact{nullptr};
  }
  if (element.type == Type::boolean) {
    return Exact{element.as_bool()};
  }
  if (element.type == Type::string) {
    return Exact{std::string(element.as_string())};
  }
  const auto number = Decimal::of(element);
  if (!number) {
    return bad(fmt::format("`{}` takes texts, numbers, true, false and null", element.name));
  }
  return Exact{*number};
}

Result<std::string> text_operand(const Element& element) {
  if (element.type != Type::string) {
    return bad(fmt::format("`{}` takes a text in this build", element.name));
  }
  return std::string(element.as_string());
}

Result<Numeric> numeric_of(const Element& element) {
  constexpr std::array<std::pair<std::string_view, Comparison>, 5> kComparisons = {{
      {"=", Comparison::equal},
      {"<", Comparison::less},
      {"<=", Comparison::less_or_equal},
      {">", Comparison::greater},
      {">=", Comparison::greater_or_equal},
  }};
  const std::string form = "`numeric` takes a list like [\">\", 0, \"<=\", 10]";
  if (element.type != Type::array) {
    return bad(form);
  }
  Numeric numeric;
  Comparison comparison = Comparison::equal;
  bool expects_number = false;  // what follows a comparison
  for (const Element& item : Elements(element.as_document())) {
    if (!expects_number) {
      const auto known = item.type == Type::string
                             ? std::ranges::find(kComparisons, item.as_string(),
                                                 [](const auto& entry) { return entry.first; })
                             : kComparisons.end();
      if (known == kComparisons.end()) {
        return bad(form + "; comparisons are = < <= > >=");
      }
      comparison = known->second;
      expects_number = true;
      continue;
    }
    const auto number = Decimal::of(item);
    if (!number) {
      return bad(form + "; a number of at most 34 digits is expected after a comparison");
    }
    numeric.bounds.push_back({comparison, *number});
    expects_number = false;
  }
  if (expects_number || numeric.bounds.empty()) {
    return bad(form);
  }
  return numeric;
}

Result<AnythingBut> anything_but_of(const Element& element) {
  AnythingBut but;
  if (element.type == Type::document) {
    const Elements inner(element.as_document());
    for (const Element& item : inner) {
      TRY(std::string text, text_operand(item));
      if (item.name == "prefix") {
        but.none_of.emplace_back(Prefix{std::move(text)});
      } else if (item.name == "suffix") {
        but.none_of.emplace_back(Suffix{std::move(text)});
      } else {
        return bad(
            fmt::format("`anything-but` with `{}` is not in this build; it has prefix and "
                        "suffix",
                        item.name));
      }
    }
    if (but.none_of.size() != 1) {
      return bad("`anything-but` takes a value, a list of values, or one of prefix and suffix");
    }
    return but;
  }
  if (element.type != Type::array) {
    TRY(Exact exact, exact_of(element));
    but.none_of.emplace_back(std::move(exact));
    return but;
  }
  for (const Element& item : Elements(element.as_document())) {
    if (item.type == Type::document || item.type == Type::array) {
      return bad("`anything-but` takes a list of plain values");
    }
    TRY(Exact exact, exact_of(item));
    but.none_of.emplace_back(std::move(exact));
  }
  if (but.none_of.empty()) {
    return bad("`anything-but` takes a list with at least one value");
  }
  return but;
}

Result<Matcher> operator_of(const Element& element) {
  if (element.name == "prefix") {
    TRY(std::string text, text_operand(element));
    return Prefix{std::move(text)};
  }
  if (element.name == "suffix") {
    TRY(std::string text, text_operand(element));
    return Suffix{std::move(text)};
  }
  if (element.name == "numeric") {
    TRY(Numeric numeric, numeric_of(element));
    return numeric;
  }
  if (element.name == "exists") {
    if (element.type != Type::boolean) {
      return bad("`exists` takes true or false");
    }
    return Exists{element.as_bool()};
  }
  if (element.name == "anything-but") {
    TRY(AnythingBut but, anything_but_of(element));
    return but;
  }
  constexpr std::array<std::string_view, 3> kLater = {"cidr", "equals-ignore-case", "wildcard"};
  const bool later = std::ranges::find(kLater, element.name) != kLater.end();
  return bad(fmt::format("{} operator `{}`{}; known: prefix, suffix, anything-but, numeric, exists",
                         later ? "the" : "unknown", element.name,
                         later ? " is not in this build" : ""));
}

Result<std::vector<Matcher>> matchers_of(const Element& element) {
  std::vector<Matcher> matchers;
  for (const Element& item : Elements(element.as_document())) {
    if (item.type == Type::array) {
      return bad(fmt::format("`{}` holds a list in a list", element.name));
    }
    if (item.type != Type::document) {
      TRY(Exact exact, exact_of(item));
      matchers.emplace_back(std::move(exact));
      continue;
    }
    size_t operators = 0;
    for (const Element& one : Elements(item.as_document())) {
      TRY(Matcher matcher, operator_of(one));
      matchers.push_back(std::move(matcher));
      ++operators;
    }
    if (operators != 1) {
      return bad(fmt::format("`{}`: each {{…}} in its list holds one operator", element.name));
    }
  }
  if (matchers.empty()) {
    return bad(fmt::format("`{}` has an empty list, which nothing matches", element.name));
  }
  return matchers;
}

Result<std::shared_ptr<const Rule>> rule_of(const Document& document, bool top, int depth);

Result<std::vector<std::shared_ptr<const Rule>>> choices_of(const Element& element, bool top,
                                                            int depth) {
  std::vector<std::shared_ptr<const Rule>> choices;
  if (element.type == Type::array) {
    for (const Element& item : Elements(element.as_document())) {
      if (item.type != Type::document) {
        return bad("`$or` takes a list of patterns");
      }
      TRY(auto rule, rule_of(item.as_document(), top, depth + 1));
      choices.push_back(std::move(rule));
    }
  }
  if (choices.empty()) {
    return bad("`$or` takes a list of patterns");
  }
  return choices;
}

Result<> check_top_name(std::string_view name) {
  constexpr std::array<std::string_view, 7> kNames = {"op",    "stream", "key", "before",
                                                      "after", "meta",   "at"};
  if (std::ranges::find(kNames, name) == kNames.end()) {
    return bad(
        fmt::format("events have no field `{}`; they have op, stream, key, before, after, "
                    "meta, at",
                    name));
  }
  return {};
}

// The depth is bounded by the parser and here, so this may call itself.
Result<std::shared_ptr<const Rule>> rule_of(const Document& document, bool top, int depth) {
  if (depth > kPatternDepthMax) {
    return bad(fmt::format("nested deeper than {}", kPatternDepthMax));
  }
  auto rule = std::make_shared<Rule>();
  for (const Element& element : Elements(document)) {
    if (element.name == "$or") {
      TRY(auto choices, choices_of(element, top, depth));
      rule->or_.push_back(std::move(choices));
      continue;
    }
    if (top) {
      TRY(check_top_name(element.name));
    }
    Rule::Field field;
    field.name = element.name;
    if (element.type == Type::array) {
      TRY(field.matchers, matchers_of(element));
    } else if (element.type == Type::document) {
      TRY(field.nested, rule_of(element.as_document(), false, depth + 1));
    } else {
      return bad(
          fmt::format("`{0}` takes a list, as {{\"{0}\": [value]}}, or an object", element.name));
    }
    rule->fields.push_back(std::move(field));
  }
  if (rule->fields.empty() && rule->or_.empty()) {
    return bad("an empty object; name a field");
  }
  return std::shared_ptr<const Rule>(std::move(rule));
}

}  // namespace

Result<Pattern> Pattern::parse(std::string_view json) {
  if (json.size() > kPatternBytesMax) {
    return bad(fmt::format("more than {} bytes", kPatternBytesMax));
  }
  Arena arena;
  doc::JsonReader reader;
  doc::ParseOptions options;
  options.numbers = doc::Numbers::error;
  options.depth_max = 2 * kPatternDepthMax;
  const auto document = reader.read(arena.copy(json), arena, options);
  if (!document) {
    return bad(document.error().what);
  }
  Pattern pattern;
  TRY(pattern.rule_, rule_of(*document, true, 0));
  return pattern;
}

}  // namespace penstock
