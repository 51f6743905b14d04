// Decoder and Encoder: payload bytes to events and back. Pure and immutable after make(): any
// thread.
#pragma once

#include <string>

#include "core/event.h"

namespace penstock {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Fills op, stream, key, before, after, at, id from event.raw (which stays, with has_raw).
  // The event already has the source's id, order and stream. Errors are `rejected`.
  virtual Result<> decode(Event& event, Arena& arena) const = 0;
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  // Appends the record to out, without a line break of its own behind it. Errors are `rejected`.
  virtual Result<> encode(const Event& event, std::string& out) const = 0;
  virtual std::string_view content_type() const = 0;  // of one record: "application/json", …
};

}  // namespace penstock
