// Stdio: standard input and output as byte streams that can be waited for. The seam of the stdin
// source and the stdout sink; a test hands it other descriptors. It owns neither descriptor. Input
// by one thread at a time, output by one thread at a time.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace penstock {

class Stdio {
 public:
  explicit Stdio(int input = 0, int output = 1) : input_(input), output_(output) {}

  struct Input {
    size_t size = 0;   // bytes read; 0 when nothing came in time
    bool end = false;  // there will never be more
  };
  // Waits at most `wait` for a first byte, then takes what is there.
  Result<Input> read(std::span<char> into, Duration wait, Stop stop);
  struct Output {
    size_t size = 0;  // bytes that went, also where not all did
    Result<> outcome;
  };
  // All of it, or why not: `transient` when there is no room before the deadline or the disk is
  // full, `fatal` when nobody reads any more, `cancelled` soon after stop.
  Output write(std::string_view bytes, Clock& clock, Instant deadline, Stop stop);

 private:
  Result<bool> wait_for_room(Clock& clock, Instant deadline, const Stop& stop) const;
  Result<size_t> write_some(std::string_view bytes) const;

  int input_;
  int output_;
};

}  // namespace penstock
