#include "config/scalars.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "base/number.h"

namespace penstock::config {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return out;
}

// Splits "250ms" into 250 and "ms"; blanks between them are allowed.
std::optional<std::pair<uint64_t, std::string_view>> number_and_unit(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) {
    return std::nullopt;
  }
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  while (unit.starts_with(' ')) {
    unit.remove_prefix(1);
  }
  return std::pair{number, unit};
}

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// From the largest to the smallest.
constexpr std::array<Unit, 7> kTimes = {{
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};
constexpr std::array<Unit, 9> kSizes = {{
    {"TiB", uint64_t{1} << 40},
    {"GiB", uint64_t{1} << 30},
    {"MiB", uint64_t{1} << 20},
    {"KiB", uint64_t{1} << 10},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"KB", 1'000},
    {"B", 1},
}};

std::optional<uint64_t> times(uint64_t number, uint64_t factor) {
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (number > kMost / factor) {
    return std::nullopt;
  }
  return number * factor;
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
  if (text.size() > 5) {
    return std::nullopt;
  }
  const std::string word = lower(text);
  if (word == "true" || word == "yes" || word == "on") {
    return true;
  }
  if (word == "false" || word == "no" || word == "off") {
    return false;
  }
  return std::nullopt;
}

std::optional<int64_t> parse_int(std::string_view text) {
  return number_from<int64_t>(text);
}

std::optional<double> parse_double(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto parts = number_and_unit(text);
  if (!parts) {
    return std::nullopt;
  }
  if (parts->second.empty() && parts->first == 0) {
    return Duration{0};
  }
  for (const Unit& unit : kTimes) {
    if (unit.name == parts->second) {
      const auto nanos = times(parts->first, unit.factor);
      return nanos ? std::optional(Duration{static_cast<int64_t>(*nanos)}) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<ByteSize> parse_size(std::string_view text) {
  const auto parts = number_and_unit(text);
  if (!parts) {
    return std::nullopt;
  }
  if (parts->second.empty()) {
    const auto bytes = times(parts->first, 1);
    return bytes ? std::optional(ByteSize{*bytes}) : std::nullopt;
  }
  for (const Unit& unit : kSizes) {
    if (lower(unit.name) == lower(parts->second)) {
      const auto bytes = times(parts->first, unit.factor);
      return bytes ? std::optional(ByteSize{*bytes}) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::string to_text(Duration duration) {
  if (duration.count() <= 0) {
    return duration.count() == 0 ? "0s" : fmt::format("{}ns", duration.count());
  }
  const auto nanos = static_cast<uint64_t>(duration.count());
  for (const Unit& unit : kTimes) {
    if (nanos % unit.factor == 0) {
      return fmt::format("{}{}", nanos / unit.factor, unit.name);
    }
  }
  return fmt::format("{}ns", nanos);
}

std::string to_text(ByteSize size) {
  for (size_t i = 0; i < 4; ++i) {  // the powers of 1024
    if (size.bytes != 0 && size.bytes % kSizes[i].factor == 0) {
      return fmt::format("{}{}", size.bytes / kSizes[i].factor, kSizes[i].name);
    }
  }
  return fmt::format("{}", size.bytes);
}

bool is_json_number(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      ++at;
    }
    return at - from;
  };
  if (at < text.size() && text[at] == '-') {
    ++at;
  }
  const size_t first = at;
  const size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) {
      return false;
    }
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
      ++at;
    }
    if (digits() == 0) {
      return false;
    }
  }
  return at == text.size();
}

}  // namespace penstock::config
