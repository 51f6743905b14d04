// Order: an event's place in its part as bytes that compare as it does: numbers of a fixed width,
// big-endian, the source's generation first. Pure; any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace penstock {

inline constexpr size_t kOrderPiece = sizeof(uint64_t);

// Writes kOrderPiece bytes; returns their end.
inline char* write_order_piece(uint64_t value, char* to) {
  value = std::byteswap(value);
  std::memcpy(to, &value, sizeof value);
  return to + kOrderPiece;
}

inline constexpr size_t kOrderSize = 2 * kOrderPiece;

// The order most sources have: what tells the lives of a source apart, and the place in this one.
struct Order {
  uint64_t generation = 0;
  uint64_t place = 0;
};

// Writes kOrderSize bytes and returns them.
inline std::string_view write_order(const Order& order, char* to) {
  write_order_piece(order.place, write_order_piece(order.generation, to));
  return {to, kOrderSize};
}

// Of what begins with one, as a copy's order does; nothing where that is too short.
inline std::optional<Order> read_order(std::string_view bytes) {
  uint64_t pieces[2];
  if (bytes.size() < sizeof pieces) {
    return std::nullopt;
  }
  std::memcpy(pieces, bytes.data(), sizeof pieces);
  return Order{.generation = std::byteswap(pieces[0]), .place = std::byteswap(pieces[1])};
}

}  // namespace penstock
