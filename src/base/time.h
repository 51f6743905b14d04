// Time as Penstock uses it: Duration, the monotonic Instant, the wall clock's Timestamp, and the
// Clock seam, the only way to ask for either. Values; a Clock may be used by any thread.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>

namespace penstock {

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;
using Stop = std::stop_token;

struct Instant {  // monotonic; the zero is the clock's own affair
  Duration since_zero{0};
  auto operator<=>(const Instant&) const = default;
  Instant operator+(Duration d) const { return {since_zero + d}; }
  Instant operator-(Duration d) const { return {since_zero - d}; }
  Duration operator-(Instant other) const { return since_zero - other.since_zero; }
  static Instant never() { return {Duration::max()}; }
};

struct Timestamp {  // microseconds since 1970-01-01T00:00:00Z
  int64_t micros = 0;
  auto operator<=>(const Timestamp&) const = default;
};

// The calendar repeats after these; chrono's own years end with 32767.
inline constexpr int kCycleYears = 400;
inline constexpr int64_t kCycleDays = 146'097;

// "2024-01-31T12:00:00.000000Z": always UTC, always 6 digits.
std::string to_iso8601(Timestamp at);
void append_iso8601(Timestamp at, std::string& out);
// The same with 0 to 6 digits of the second's fraction; returns its end.
inline constexpr size_t kIso8601Max = 40;  // with what its digits may overwrite
char* write_iso8601(Timestamp at, int fraction_digits, char* out);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() = 0;
  virtual Timestamp wall() = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() override;
  Timestamp wall() override;
};

}  // namespace penstock
