#include "core/pattern.h"

#include <algorithm>

#include "base/check.h"
#include "core/pattern_rule.h"

namespace penstock {

namespace {

using doc::Element;
using doc::Elements;
using doc::Type;
using matchers::AnythingBut;
using matchers::Bound;
using matchers::Comparison;
using matchers::Exact;
using matchers::Exists;
using matchers::Matcher;
using matchers::Numeric;
using matchers::Prefix;
using matchers::Suffix;

// A scalar of the event as text: strings as they are, dates and ids as the event's JSON has them.
std::string_view text_of(const Element& element, std::string& scratch) {
  if (element.type == Type::string || element.type == Type::symbol) {
    return element.as_string();
  }
  scratch.clear();
  doc::append_text(element, scratch);
  return scratch;
}

bool is_null(const Element& element) {
  return element.type == Type::null || element.type == Type::undefined;
}
bool is_number(const Element& element) {
  return element.type == Type::int32 || element.type == Type::int64 ||
         element.type == Type::double_ || element.type == Type::decimal128;
}
// What JSON writes as a text.
bool is_text(const Element& element) {
  return !is_null(element) && !is_number(element) && element.type != Type::boolean &&
         element.type != Type::document && element.type != Type::array;
}

bool matches_one(const Exact& exact, const Element& element) {
  if (std::holds_alternative<std::nullptr_t>(exact.value)) {
    return is_null(element);
  }
  if (const bool* const wanted = std::get_if<bool>(&exact.value)) {
    return element.type == Type::boolean && element.as_bool() == *wanted;
  }
  if (const Decimal* const wanted = std::get_if<Decimal>(&exact.value)) {
    const auto number = is_number(element) ? Decimal::of(element) : std::nullopt;
    return number && *number == *wanted;
  }
  std::string scratch;
  return is_text(element) && text_of(element, scratch) == std::get<std::string>(exact.value);
}
bool matches_one(const Prefix& prefix, const Element& element) {
  std::string scratch;
  return is_text(element) && text_of(element, scratch).starts_with(prefix.text);
}
bool matches_one(const Suffix& suffix, const Element& element) {
  std::string scratch;
  return is_text(element) && text_of(element, scratch).ends_with(suffix.text);
}
bool matches_one(const Numeric& numeric, const Element& element) {
  const auto number = is_number(element) ? Decimal::of(element) : std::nullopt;
  if (!number) {
    return false;
  }
  return std::ranges::all_of(numeric.bounds, [&](const Bound& bound) {
    const auto order = *number <=> bound.number;
    switch (bound.comparison) {
      case Comparison::equal:
        return order == 0;
      case Comparison::less:
        return order < 0;
      case Comparison::less_or_equal:
        return order <= 0;
      case Comparison::greater:
        return order > 0;
      case Comparison::greater_or_equal:
        return order >= 0;
    }
    unreachable();
  });
}
bool matches_one(const Exists& exists, const Element&) {
  return exists.wanted;
}
bool matches_one(const AnythingBut& but, const Element& element) {
  if (element.type == Type::document) {
    return false;  // patterns compare leaves
  }
  return std::ranges::none_of(but.none_of, [&](const auto& one) {
    return std::visit([&](const auto& matcher) { return matches_one(matcher, element); }, one);
  });
}

// An array matches when one of its values does.
bool matches_value(const Matcher& matcher, const Element& element) {
  const auto one = [&](const Element& value) {
    return std::visit([&](const auto& kind) { return matches_one(kind, value); }, matcher);
  };
  if (element.type != Type::array || std::holds_alternative<Exists>(matcher)) {
    return one(element);
  }
  for (const Element& value : Elements(element.as_document())) {
    if (value.type != Type::array && one(value)) {
      return true;
    }
  }
  return false;
}

bool matches_absent(const std::vector<Matcher>& matchers) {
  return std::ranges::any_of(matchers, [](const Matcher& matcher) {
    const Exists* const exists = std::get_if<Exists>(&matcher);
    return exists != nullptr && !exists->wanted;
  });
}

}  // namespace

// The pattern's depth is bounded (kPatternDepthMax), so these may call each other.
bool Pattern::Rule::matches(const Document& document) const {
  for (const Field& field : fields) {
    const auto element =
        document.present() ? doc::find(document, field.name) : std::optional<Element>{};
    const bool matched = element        ? matches_field(field, *element)
                         : field.nested ? field.nested->matches({})
                                        : matches_absent(field.matchers);
    if (!matched) {
      return false;
    }
  }
  return std::ranges::all_of(or_, [&](const auto& choices) {
    return std::ranges::any_of(choices, [&](const auto& rule) { return rule->matches(document); });
  });
}

bool Pattern::Rule::matches_field(const Field& field, const Element& element) {
  if (!field.nested) {
    return std::ranges::any_of(
        field.matchers, [&](const Matcher& matcher) { return matches_value(matcher, element); });
  }
  if (element.type == Type::document) {
    return field.nested->matches(element.as_document());
  }
  if (element.type != Type::array) {
    return field.nested->matches({});  // nothing below a scalar exists
  }
  for (const Element& item : Elements(element.as_document())) {
    if (item.type == Type::document && field.nested->matches(item.as_document())) {
      return true;
    }
  }
  return false;
}

bool Pattern::Rule::matches_document(const Field& field, const Document& document) {
  if (field.nested) {
    return field.nested->matches(document);
  }
  if (!document.present()) {
    return matches_absent(field.matchers);
  }
  Element whole;
  whole.type = Type::document;
  whole.value = document.data();
  whole.value_size = document.size();
  return matches_field(field, whole);
}

bool Pattern::Rule::matches_text(const Field& field, std::string_view text) {
  if (field.nested) {
    return field.nested->matches({});
  }
  return std::ranges::any_of(field.matchers, [&](const Matcher& matcher) {
    const auto equal = [&](const Exact& exact) {
      const std::string* const wanted = std::get_if<std::string>(&exact.value);
      return wanted != nullptr && *wanted == text;
    };
    if (const auto* const exact = std::get_if<Exact>(&matcher)) {
      return equal(*exact);
    }
    if (const auto* const prefix = std::get_if<Prefix>(&matcher)) {
      return text.starts_with(prefix->text);
    }
    if (const auto* const suffix = std::get_if<Suffix>(&matcher)) {
      return text.ends_with(suffix->text);
    }
    if (const auto* const exists = std::get_if<Exists>(&matcher)) {
      return exists->wanted;
    }
    if (const auto* const but = std::get_if<AnythingBut>(&matcher)) {
      return std::ranges::none_of(but->none_of, [&](const auto& one) {
        if (const auto* const prefix = std::get_if<Prefix>(&one)) {
          return text.starts_with(prefix->text);
        }
        if (const auto* const suffix = std::get_if<Suffix>(&one)) {
          return text.ends_with(suffix->text);
        }
        return equal(std::get<Exact>(one));
      });
    }
    return false;  // numeric
  });
}

bool Pattern::Rule::matches_event(const Event& event) const {
  const auto one = [&](const Field& field) {
    if (field.name == "op") {
      return matches_text(field, name_of(event.op));
    }
    if (field.name == "stream") {
      return matches_text(field, event.stream);
    }
    if (field.name == "key") {
      return matches_document(field, event.key);
    }
    if (field.name == "before") {
      return matches_document(field, event.before);
    }
    if (field.name == "after") {
      return matches_document(field, event.after);
    }
    if (field.name == "meta") {
      return matches_document(field, event.meta);
    }
    return matches_text(field, to_iso8601(event.at));
  };
  return std::ranges::all_of(fields, one) && std::ranges::all_of(or_, [&](const auto& choices) {
           return std::ranges::any_of(choices,
                                      [&](const auto& rule) { return rule->matches_event(event); });
         });
}

bool Pattern::matches(const Event& event) const {
  CHECK(rule_ != nullptr);
  return rule_->matches_event(event);
}

}  // namespace penstock
