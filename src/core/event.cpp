#include "core/event.h"

#include <array>

#include "base/check.h"

namespace penstock {

namespace {

constexpr std::array<std::pair<Op, std::string_view>, 10> kNames = {{
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

}  // namespace penstock
