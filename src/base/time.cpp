#include "base/time.h"

#include <cstdlib>
#include <ctime>

#include "base/check.h"
#include "base/digits.h"

namespace penstock {

Instant SystemClock::now() {
  // It goes on while the machine is suspended: a lease ends then too.
  timespec now{};
  CHECK(::clock_gettime(CLOCK_BOOTTIME, &now) == 0);
  return {std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec)};
}

Timestamp SystemClock::wall() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

char* write_iso8601(Timestamp at, int fraction_digits, char* out) {
  constexpr int64_t kDayMicros = 86'400'000'000;
  int64_t day = at.micros / kDayMicros;
  int64_t since_midnight = at.micros % kDayMicros;
  if (since_midnight < 0) {  // floor() cannot: the first day begins before the first microsecond
    since_midnight += kDayMicros;
    --day;
  }
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(day % kCycleDays))};
  const std::chrono::hh_mm_ss clock{std::chrono::microseconds(since_midnight)};
  const auto put_two = [&out](auto number, char behind) {
    const auto value = static_cast<unsigned>(number);
    *out++ = static_cast<char>('0' + value / 10);
    *out++ = static_cast<char>('0' + value % 10);
    *out++ = behind;
  };
  const int64_t year = static_cast<int>(date.year()) + day / kCycleDays * kCycleYears;
  if (year < 0) {
    *out++ = '-';
  }
  const auto years = static_cast<uint64_t>(std::abs(year));
  out = write_padded(years, years > 9999 ? 6 : 4, out);
  *out++ = '-';
  put_two(static_cast<unsigned>(date.month()), '-');
  put_two(static_cast<unsigned>(date.day()), 'T');
  put_two(clock.hours().count(), ':');
  put_two(clock.minutes().count(), ':');
  put_two(clock.seconds().count(), fraction_digits > 0 ? '.' : 'Z');
  if (fraction_digits > 0) {
    write_padded(static_cast<uint64_t>(clock.subseconds().count()), 6, out);
    out += fraction_digits;
    *out++ = 'Z';
  }
  return out;
}

void append_iso8601(Timestamp at, std::string& out) {
  char text[kIso8601Max];
  out.append(text, write_iso8601(at, 6, text));
}

std::string to_iso8601(Timestamp at) {
  std::string out;
  append_iso8601(at, out);
  return out;
}

}  // namespace penstock
