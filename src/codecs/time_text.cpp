#include "codecs/time_text.h"

#include <fmt/core.h>

#include <chrono>
#include <optional>

namespace penstock::codecs {

namespace {

__extension__ using Int128 = __int128;  // a year of six digits can be beyond all timestamps

// Takes `digits` digits off the front.
std::optional<int> take_number(std::string_view& text, size_t digits) {
  if (text.size() < digits) {
    return std::nullopt;
  }
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') {
      return std::nullopt;
    }
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

// "Z", "+01:00" or "-01:00", to the end of the text: minutes east of UTC.
std::optional<int> offset_minutes(std::string_view text) {
  if (text == "Z" || text == "z") {
    return 0;
  }
  const bool west = text.starts_with('-');
  if (!take_char(text, "+-")) {
    return std::nullopt;
  }
  const auto hours = take_number(text, 2);
  const bool colon = take_char(text, ":");
  const auto minutes = take_number(text, 2);
  if (!hours || !colon || !minutes || !text.empty() || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  return (west ? -1 : 1) * (*hours * 60 + *minutes);
}

// Four digits, or six as years beyond 9999 have; a minus in front of those before the year 0.
std::optional<int> take_year(std::string_view& text) {
  const bool is_negative = take_char(text, "-");
  const auto year = take_number(text, text.find('-') == 6 ? 6 : 4);
  return year && is_negative ? -*year : year;
}

std::optional<Timestamp> parse(std::string_view text) {
  const auto year = take_year(text);
  const bool dash_1 = take_char(text, "-");
  const auto month = take_number(text, 2);
  const bool dash_2 = take_char(text, "-");
  const auto day = take_number(text, 2);
  const bool separator = take_char(text, "Tt ");
  const auto hour = take_number(text, 2);
  const bool colon_1 = take_char(text, ":");
  const auto minute = take_number(text, 2);
  const bool colon_2 = take_char(text, ":");
  const auto second = take_number(text, 2);
  if (!year || !dash_1 || !month || !dash_2 || !day || !separator || !hour || !colon_1 || !minute ||
      !colon_2 || !second || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  const int cycle = *year / kCycleYears - (*year % kCycleYears < 0 ? 1 : 0);
  const std::chrono::year_month_day date{std::chrono::year(*year - cycle * kCycleYears),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) {
    return std::nullopt;
  }
  int64_t micros = 0;
  if (take_char(text, ".")) {
    int64_t unit = 100000;
    size_t digits = 0;
    for (auto digit = take_number(text, 1); digit; digit = take_number(text, 1)) {
      micros += *digit * unit;
      unit /= 10;
      ++digits;
    }
    if (digits == 0) {
      return std::nullopt;
    }
  }
  const auto offset = offset_minutes(text);
  if (!offset) {
    return std::nullopt;
  }
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count() + cycle * kCycleDays;
  const int64_t minutes = days * 1440 + *hour * 60 + *minute - *offset;
  const Int128 total = Int128{minutes * 60 + *second} * 1'000'000 + micros;
  const Timestamp at{static_cast<int64_t>(total)};
  return at.micros == total ? std::optional(at) : std::nullopt;
}

}  // namespace

Result<Timestamp> timestamp_of(std::string_view text) {
  const std::optional<Timestamp> parsed = parse(text);
  if (!parsed) {
    return rejected(fmt::format("\"{}\" is no time as RFC 3339 writes it", text.substr(0, 64)));
  }
  return *parsed;
}

}  // namespace penstock::codecs
