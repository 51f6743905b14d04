// Stdio: standard input and output as byte streams that can be waited for. The seam of the stdin
// source and the stdout sink; a test hands it other descriptors. It owns neither descriptor. Input
// by one thread at a time, output by one thread at a time.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

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
  // All of it, or an error: `fatal` when nobody reads any more, `cancelled` soon after stop.
  Result<> write(std::string_view bytes, Stop stop);

 private:
  int input_;
  int output_;
};

}  // namespace penstock
