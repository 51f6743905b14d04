#include "inbox/order.h"

#include <algorithm>

#include "core/order.h"

namespace penstock::inbox {
namespace {

constexpr char kPositionVersion = 1;
constexpr unsigned kChanceBits = 20;

void write_hex(uint64_t value, char* to) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 15; i >= 0; --i) {
    to[i] = kDigits[value & 0xf];
    value >>= 4;
  }
}

}  // namespace

void Place::write_order(char* to) const {
  penstock::write_order({.generation = generation, .place = sequence}, to);
}

void Place::write_id(char* to) const {
  write_hex(generation, to);
  write_hex(sequence, to + 16);
}

std::string Place::id() const {
  std::string out(kIdSize, '\0');
  write_id(out.data());
  return out;
}

std::string Place::position() const {
  std::string out(1 + kOrderSize, kPositionVersion);
  write_order(out.data() + 1);
  return out;
}

std::optional<Place> Place::from_position(std::string_view position) {
  if (position.size() != 1 + kOrderSize || position.front() != kPositionVersion) {
    return std::nullopt;
  }
  return from_order(position.substr(1));
}

std::optional<Place> Place::from_order(std::string_view order) {
  const std::optional<Order> read = read_order(order);
  if (!read) {
    return std::nullopt;
  }
  return Place{.generation = read->generation, .sequence = read->place};
}

Duration age(Timestamp at, Clock& clock) {
  const std::chrono::microseconds micros{clock.wall().micros - at.micros};
  return std::max(Duration{0}, Duration{micros});
}

uint64_t next_generation(int64_t wall_micros, uint64_t chance, uint64_t before) {
  const uint64_t below = (uint64_t{1} << kChanceBits) - 1;
  const uint64_t millis = static_cast<uint64_t>(std::max<int64_t>(wall_micros, 0) / 1000);
  const uint64_t fresh = millis << kChanceBits | (chance & below);
  // A clock that went back must not lead the order.
  return fresh > before ? fresh : before + 1 + (chance & below);
}

}  // namespace penstock::inbox
