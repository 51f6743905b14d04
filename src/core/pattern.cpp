#include "core/pattern.h"

#include <algorithm>

#include "base/check.h"
#include "core/pattern_rule.h"
#include "doc/loss_cursor.h"

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

bool matches_rule(const Rule& rule, const Document& document, const LostNumbers& lost);

// An array matches when one of its values does.
bool matches_leaf(const Field& field, const Element& element, const LostNumbers& lost) {
  std::string scratch;
  if (element.type != Type::array) {
    return matches_value(field, value_of(element, lost, scratch));
  }
  for (const Element& item : Elements(element.as_document())) {
    if (item.type != Type::array && matches_value(field, value_of(item, lost, scratch))) {
      return true;
    }
  }
  return false;
}

// The pattern's depth is bounded (kPatternDepthMax), so these may call each other.
bool matches_nested(const Rule& rule, const Element& element, const LostNumbers& lost) {
  if (element.type == Type::document) {
    return matches_rule(rule, element.as_document(), lost);
  }
  if (element.type != Type::array) {
    return matches_rule(rule, {}, lost);  // nothing below a scalar exists
  }
  for (const Element& item : Elements(element.as_document())) {
    if (item.type == Type::document && matches_rule(rule, item.as_document(), lost)) {
      return true;
    }
  }
  return false;
}

bool matches_rule(const Rule& rule, const Document& document, const LostNumbers& lost) {
  for (const Field& field : rule.fields) {
    const auto element =
        document.present() ? doc::find(document, field.name) : std::optional<Element>{};
    const bool matched = field.nested
                             ? matches_nested(*field.nested, element.value_or(Element{}), lost)
                         : element ? matches_leaf(field, *element, lost)
                                   : wants_absence(field);
    if (!matched) {
      return false;
    }
  }
  return std::ranges::all_of(rule.or_, [&](const auto& choices) {
    return std::ranges::any_of(
        choices, [&](const auto& choice) { return matches_rule(*choice, document, lost); });
  });
}

bool matches_document(const Field& field, const Document& document) {
  if (field.nested) {
    return matches_rule(*field.nested, document, LostNumbers(document));
  }
  return document.present() ? matches_value(field, Object{}) : wants_absence(field);
}

bool matches_text(const Field& field, std::string_view text) {
  return field.nested ? matches_rule(*field.nested, {}, LostNumbers({}))
                      : matches_value(field, text);
}

bool matches_field(const Field& field, const Event& event) {
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
}

bool matches_event(const Rule& rule, const Event& event) {
  const auto is_met = [&](const Field& field) { return matches_field(field, event); };
  return std::ranges::all_of(rule.fields, is_met) &&
         std::ranges::all_of(rule.or_, [&](const auto& choices) {
           return std::ranges::any_of(
               choices, [&](const auto& choice) { return matches_event(*choice, event); });
         });
}

}  // namespace

bool Pattern::matches(const Event& event) const {
  CHECK(rule_ != nullptr);
  return matches_event(*rule_, event);
}

}  // namespace penstock
