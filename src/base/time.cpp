#include "base/time.h"

#include <algorithm>
#include <cstddef>

namespace penstock {

namespace {

void append_digits(int64_t value, int width, std::string& out) {
  char digits[20];
  for (int i = width - 1; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(digits, static_cast<size_t>(width));
}

}  // namespace

Instant SystemClock::now() {
  return {
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

Timestamp SystemClock::wall() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

void append_iso8601(Timestamp at, std::string& out) {
  using std::chrono::days;
  using std::chrono::microseconds;
  const std::chrono::sys_time<microseconds> time{microseconds{at.micros}};
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  const int year = static_cast<int>(date.year());
  if (year < 0) {
    out += '-';
  }
  append_digits(std::abs(year), std::abs(year) > 9999 ? 6 : 4, out);
  out += '-';
  append_digits(static_cast<unsigned>(date.month()), 2, out);
  out += '-';
  append_digits(static_cast<unsigned>(date.day()), 2, out);
  out += 'T';
  append_digits(clock.hours().count(), 2, out);
  out += ':';
  append_digits(clock.minutes().count(), 2, out);
  out += ':';
  append_digits(clock.seconds().count(), 2, out);
  out += '.';
  append_digits(clock.subseconds().count(), 6, out);
  out += 'Z';
}

std::string to_iso8601(Timestamp at) {
  std::string out;
  append_iso8601(at, out);
  return out;
}

}  // namespace penstock
