// Lines: an encoder's record as one line (contract, "Lines"). Pure; any thread.
#pragma once

#include <string>

#include "core/codec.h"

namespace penstock {

// Appends the record and a line break where the record has none at its end. After an error `out`
// is as it was.
inline Result<> append_line(const Encoder& encoder, const Event& event, std::string& out) {
  const size_t start = out.size();
  auto encoded = encoder.encode(event, out);
  if (!encoded) {
    out.resize(start);
    return encoded;
  }
  if (out.size() == start || out.back() != '\n') {
    out.push_back('\n');
  }
  return {};
}

}  // namespace penstock
