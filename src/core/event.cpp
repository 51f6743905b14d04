#include "core/event.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "doc/bson.h"

namespace penstock {

namespace {

constexpr std::array<std::pair<Op, std::string_view>, 11> kNames = {{
    {Op::message, "message"},
    {Op::read, "read"},
    {Op::insert, "insert"},
    {Op::update, "update"},
    {Op::replace, "replace"},
    {Op::remove, "remove"},
    {Op::drop, "drop"},
    {Op::drop_database, "drop_database"},
    {Op::rename, "rename"},
    {Op::invalidate, "invalidate"},
    {Op::other, "other"},
}};

}  // namespace

std::string_view name_of(Op op) {
  for (const auto& [value, name] : kNames) {
    if (value == op) {
      return name;
    }
  }
  unreachable();
}

std::optional<Op> op_from(std::string_view name) {
  for (const auto& [value, text] : kNames) {
    if (text == name) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<Op> op_from_number(uint8_t number) {
  return number < kNames.size() ? std::optional(static_cast<Op>(number)) : std::nullopt;
}

std::string describe(const Event& event) {
  constexpr size_t kKeyMax = 200;
  std::string text = fmt::format("event {} of {}", event.id, event.stream);
  if (event.key) {
    text += " key ";
    const size_t begin = text.size();
    doc::append_text(event.key, text);
    text.resize(std::min(text.size(), begin + kKeyMax));
  }
  return text;
}

}  // namespace penstock
