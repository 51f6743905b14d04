#include "pattern/pattern.h"

#include <algorithm>

#include "base/check.h"
#include "doc/loss_cursor.h"
#include "pattern/pattern_rule.h"

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
using Rule = Pattern::Rule;
using Field = Rule::Field;

// The numbers of a document that BSON cannot hold: they stand in it as texts, and its losses tell
// them from texts. Refers to the document.
class LostNumbers {
 public:
  explicit LostNumbers(const Document& document) {
    const auto is_number = [](const Loss& loss) { return loss.type == Loss::Type::number; };
    if (std::ranges::none_of(document.losses(), is_number)) {
      return;
    }
    doc::LossCursor losses(document.losses());
    std::vector<Elements::iterator> open = {Elements(document).begin()};
    while (true) {
      if (open.back() == Elements::iterator{}) {
        open.pop_back();
        if (open.empty()) {
          return;
        }
        losses.leave();
        continue;
      }
      const Element element = *open.back();
      ++open.back();
      losses.at(element.name);
      if (losses.number() != nullptr && element.type == Type::string) {
        numbers_.push_back({element.value, losses.number()->text});
      }
      if (element.type == Type::document || element.type == Type::array) {
        losses.enter();
        open.push_back(Elements(element.as_document()).begin());
      }
    }
  }

  // The digits of a value that is such a number.
  std::optional<std::string_view> digits_of(const Element& element) const {
    const auto found = std::ranges::lower_bound(numbers_, element.value, {}, &Number::value);
    if (found == numbers_.end() || found->value != element.value) {
      return std::nullopt;
    }
    return found->digits;
  }

 private:
  struct Number {
    const uint8_t* value;
    std::string_view digits;
  };
  std::vector<Number> numbers_;  // in the order of the document, so of their addresses
};

// A value as the event's JSON has it.
struct Object {};
using Value = std::variant<std::nullptr_t, bool, Decimal, std::string_view, Object>;

// A text may be in `scratch`: dates and ids are texts in JSON.
Value value_of(const Element& element, const LostNumbers& lost, std::string& scratch) {
  if (element.type == Type::null || element.type == Type::undefined) {
    return nullptr;
  }
  if (element.type == Type::boolean) {
    return element.as_bool();
  }
  if (element.type == Type::document) {
    return Object{};
  }
  const auto digits = lost.digits_of(element);
  if (const auto number = digits ? Decimal::parse(*digits) : Decimal::of(element)) {
    return *number;
  }
  if (element.type == Type::string || element.type == Type::symbol) {
    return element.as_string();
  }
  scratch.clear();
  doc::append_text(element, scratch);
  return std::string_view(scratch);
}

bool matches_one(const Exact& exact, const Value& value) {
  if (const std::string* const wanted = std::get_if<std::string>(&exact.value)) {
    const auto* const text = std::get_if<std::string_view>(&value);
    return text != nullptr && *text == *wanted;
  }
  if (const Decimal* const wanted = std::get_if<Decimal>(&exact.value)) {
    const Decimal* const number = std::get_if<Decimal>(&value);
    return number != nullptr && *number == *wanted;
  }
  if (const bool* const wanted = std::get_if<bool>(&exact.value)) {
    const bool* const given = std::get_if<bool>(&value);
    return given != nullptr && *given == *wanted;
  }
  return std::holds_alternative<std::nullptr_t>(value);
}
bool matches_one(const Prefix& prefix, const Value& value) {
  const auto* const text = std::get_if<std::string_view>(&value);
  return text != nullptr && text->starts_with(prefix.text);
}
bool matches_one(const Suffix& suffix, const Value& value) {
  const auto* const text = std::get_if<std::string_view>(&value);
  return text != nullptr && text->ends_with(suffix.text);
}
bool matches_one(const Numeric& numeric, const Value& value) {
  const Decimal* const number = std::get_if<Decimal>(&value);
  if (number == nullptr) {
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
bool matches_one(const Exists& exists, const Value&) {
  return exists.wanted;
}
bool matches_one(const AnythingBut& but, const Value& value) {
  if (std::holds_alternative<Object>(value)) {
    return false;  // patterns compare leaves
  }
  return std::ranges::none_of(but.none_of, [&](const auto& one) {
    return std::visit([&](const auto& matcher) { return matches_one(matcher, value); }, one);
  });
}

bool matches_value(const Field& field, const Value& value) {
  return std::ranges::any_of(field.matchers, [&](const Matcher& matcher) {
    return std::visit([&](const auto& kind) { return matches_one(kind, value); }, matcher);
  });
}

bool wants_absence(const Field& field) {
  return std::ranges::any_of(field.matchers, [](const Matcher& matcher) {
    const Exists* const exists = std::get_if<Exists>(&matcher);
    return exists != nullptr && !exists->wanted;
  });
}

// How values meet a pattern: with nothing but absences that it wants, or with a value at least.
// Both are kept apart for arrays: an item must have the value, all of them the absences.
struct Found {
  bool absent = false;
  bool present = false;

  bool any() const { return absent || present; }
};
Found both(Found a, Found b) {
  if (!a.any() || !b.any()) {
    return {};
  }
  return {.absent = a.absent && b.absent, .present = a.present || b.present};
}
Found either(Found a, Found b) {
  return {.absent = a.absent || b.absent, .present = a.present || b.present};
}

// `match_field` of each field, and `match_choice` of one choice at least of each $or.
Found match_all(const Rule& rule, auto match_field, auto match_choice) {
  Found found = {.absent = true};
  for (const Field& field : rule.fields) {
    found = both(found, match_field(field));
    if (!found.any()) {
      return {};
    }
  }
  for (const auto& choices : rule.or_) {
    Found one;
    for (const auto& choice : choices) {
      one = either(one, match_choice(*choice));
    }
    found = both(found, one);
  }
  return found;
}

// The items of an array and of the arrays in it, which are one to a pattern.
void each_item(const Document& array, auto visit) {
  std::vector<Elements::iterator> open = {Elements(array).begin()};
  while (!open.empty()) {
    if (open.back() == Elements::iterator{}) {
      open.pop_back();
      continue;
    }
    const Element item = *open.back();
    ++open.back();
    if (item.type == Type::array) {
      open.push_back(Elements(item.as_document()).begin());
    } else {
      visit(item);
    }
  }
}

Found match_leaf(const Field& field, const Element& element, const LostNumbers& lost) {
  std::string scratch;
  if (element.type != Type::array) {
    return {.present = matches_value(field, value_of(element, lost, scratch))};
  }
  bool is_empty = true;  // an array without items is no value
  Found found;
  each_item(element.as_document(), [&](const Element& item) {
    is_empty = false;
    found.present = found.present || matches_value(field, value_of(item, lost, scratch));
  });
  found.absent = is_empty && wants_absence(field);
  return found;
}

Found match_rule(const Rule& rule, const Document& document, const LostNumbers& lost);

// The pattern's depth is bounded (kPatternDepthMax), so these may call each other.
Found match_nested(const Rule& rule, const Element& element, const LostNumbers& lost) {
  if (element.type == Type::document) {
    return match_rule(rule, element.as_document(), lost);
  }
  Found found = match_rule(rule, {}, lost);  // nothing below a scalar exists
  if (element.type == Type::array) {
    each_item(element.as_document(), [&](const Element& item) {
      if (item.type == Type::document) {
        const Found one = match_rule(rule, item.as_document(), lost);
        found.absent = found.absent && one.absent;
        found.present = found.present || one.present;
      }
    });
  }
  return found;
}

Found match_rule(const Rule& rule, const Document& document, const LostNumbers& lost) {
  const auto match_field = [&](const Field& field) -> Found {
    const auto element =
        document.present() ? doc::find(document, field.name) : std::optional<Element>{};
    if (field.nested) {
      return match_nested(*field.nested, element.value_or(Element{}), lost);
    }
    return element ? match_leaf(field, *element, lost) : Found{.absent = wants_absence(field)};
  };
  return match_all(rule, match_field,
                   [&](const Rule& choice) { return match_rule(choice, document, lost); });
}

Found match_document(const Field& field, const Document& document) {
  if (field.nested) {
    return match_rule(*field.nested, document, LostNumbers(document));
  }
  return document.present() ? Found{.present = matches_value(field, Object{})}
                            : Found{.absent = wants_absence(field)};
}

Found match_text(const Field& field, std::string_view text) {
  return field.nested ? match_rule(*field.nested, {}, LostNumbers({}))
                      : Found{.present = matches_value(field, text)};
}

Found match_field(const Field& field, const Event& event) {
  if (field.name == "op") {
    return match_text(field, name_of(event.op));
  }
  if (field.name == "stream") {
    return match_text(field, event.stream);
  }
  if (field.name == "key") {
    return match_document(field, event.key);
  }
  if (field.name == "before") {
    return match_document(field, event.before);
  }
  if (field.name == "after") {
    return match_document(field, event.after);
  }
  if (field.name == "meta") {
    return match_document(field, event.meta);
  }
  return match_text(field, to_iso8601(event.at));
}

Found match_event(const Rule& rule, const Event& event) {
  return match_all(
      rule, [&](const Field& field) { return match_field(field, event); },
      [&](const Rule& choice) { return match_event(choice, event); });
}

}  // namespace

bool Pattern::matches(const Event& event) const {
  CHECK(rule_ != nullptr);
  return match_event(*rule_, event).any();
}

}  // namespace penstock
