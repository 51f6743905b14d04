// Place: the order of a record that came in by a protocol server: 8 bytes generation and 8 bytes
// sequence, big-endian, so that bytes compare as numbers do. Values; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace penstock::inbox {

struct Place {
  uint64_t generation = 0;
  uint64_t sequence = 0;
  auto operator<=>(const Place&) const = default;

  static constexpr size_t kOrderSize = 16;
  static constexpr size_t kIdSize = 32;
  void write_order(char* to) const;  // kOrderSize bytes
  void write_id(char* to) const;     // kIdSize bytes: the hex of the order
  std::string id() const;
  // A position: a version byte and the order.
  std::string position() const;
  static std::optional<Place> from_position(std::string_view position);
  // Of the bytes that an order begins with (a split's copies have more); nullopt: it is too short.
  static std::optional<Place> from_order(std::string_view order);
  // Whoever has read up to there reads this record next.
  Place before() const { return {.generation = generation, .sequence = sequence - 1}; }
};

// How long ago that was, never negative.
Duration age(Timestamp at, Clock& clock);

// A generation later than `before`, by time and by chance.
uint64_t next_generation(int64_t wall_micros, uint64_t chance, uint64_t before);

}  // namespace penstock::inbox
