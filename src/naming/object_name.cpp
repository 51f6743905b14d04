#include "naming/object_name.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/file_name.h"
#include "base/hash.h"

namespace penstock {

namespace {

constexpr size_t kPartMax = 100;
constexpr size_t kNameMax = 240;  // file systems allow 255; a temporary name may add a little
constexpr std::string_view kHex = "0123456789abcdef";

void append_hex(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0) {
    return std::nullopt;
  }
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const size_t high = kHex.find(text[i]);
    const size_t low = kHex.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

}  // namespace

std::string object_part(std::string_view part) {
  std::string name = file_name_of(part);
  if (name.size() > kPartMax) {
    const Hash128 hash = hash128(part);
    name.resize(kPartMax - 34);
    name += fmt::format("%~{:016x}{:016x}", hash.high, hash.low);
  }
  return name;
}

Result<std::string> object_name(std::string_view part, std::string_view first,
                                std::string_view last, std::string_view extension) {
  std::string name(part);
  name.push_back('_');
  append_hex(first, name);
  name.push_back('_');
  append_hex(last, name);
  name.push_back('.');
  name.append(extension);
  if (first.empty() || last.empty() || name.size() > kNameMax) {
    return fatal(
        fmt::format("name an object of part {}: the source's orders have {} and {} bytes, which "
                    "make no file name",
                    part, first.size(), last.size()));
  }
  return name;
}

std::string replay_object_name(std::string_view part, uint64_t hash_high, uint64_t hash_low,
                               std::string_view extension) {
  return fmt::format("{}_r{:016x}{:016x}.{}", part, hash_high, hash_low, extension);
}

std::string unique_object_name(std::string_view part, int64_t micros, uint64_t chance,
                               std::string_view extension) {
  return fmt::format("{}_u{:016x}-{:016x}.{}", part, micros, chance, extension);
}

std::optional<ObjectName> parse_object_name(std::string_view name) {
  const size_t last_at = name.rfind('_');
  if (last_at == std::string_view::npos || last_at == 0) {
    return std::nullopt;
  }
  const size_t first_at = name.rfind('_', last_at - 1);
  const size_t extension_at = name.find('.', last_at);
  if (first_at == std::string_view::npos || first_at == 0 || name.front() == '.' ||
      extension_at == std::string_view::npos) {
    return std::nullopt;
  }
  auto first = from_hex(name.substr(first_at + 1, last_at - first_at - 1));
  auto last = from_hex(name.substr(last_at + 1, extension_at - last_at - 1));
  if (!first || !last || *last < *first) {
    return std::nullopt;
  }
  return ObjectName{std::string(name.substr(0, first_at)), std::move(*first), std::move(*last)};
}

void Coverage::add(std::string_view name) {
  auto parsed = parse_object_name(name);
  if (!parsed) {
    return;
  }
  Ranges& ranges = parts_[std::move(parsed->part)];
  ranges.ranges.push_back({std::move(parsed->first), std::move(parsed->last)});
  ranges.sorted = false;
}

bool Coverage::is_empty_for(std::string_view part) const {
  return !parts_.contains(part);
}

bool Coverage::covers(std::string_view part, std::string_view order) {
  // Only an object of that very part: the orders of two parts say nothing about each other.
  const auto found = parts_.find(part);
  return found != parts_.end() && covers(found->second, order);
}

bool Coverage::covers(Ranges& ranges, std::string_view order) {
  auto& list = ranges.ranges;
  if (!ranges.sorted) {
    std::ranges::sort(list, {}, &Range::first);
    for (size_t i = 1; i < list.size(); ++i) {
      list[i].last = std::max(list[i].last, list[i - 1].last);
    }
    ranges.sorted = true;
  }
  const auto behind = std::ranges::upper_bound(
      list, order, {}, [](const Range& range) { return std::string_view(range.first); });
  return behind != list.begin() && std::prev(behind)->last >= order;
}

void ObjectRange::add(std::string_view order) {
  if (empty_) {
    first_.assign(order);
    empty_ = false;
  }
  last_.assign(order);
}

bool ObjectRange::ends_at_gap() const {
  return !empty_;
}

}  // namespace penstock
