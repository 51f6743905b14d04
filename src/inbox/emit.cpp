#include "inbox/emit.h"

namespace penstock::inbox {

uint32_t emit_records(const FrameView& frame, Place first, std::string_view& rest,
                      EventBlock& block, const ReadLimits& limits, size_t& bytes) {
  std::string_view left = rest;
  uint32_t count = 0;
  while (!left.empty() && count < limits.events) {
    const std::string_view before = left;
    const size_t size = next_record(left).size();
    if (bytes > 0 && bytes + size > limits.bytes) {
      left = before;
      break;
    }
    bytes += size;
    ++count;
  }
  if (count == 0) {
    bytes = limits.bytes;  // what is next waits for the next read
    return 0;
  }
  constexpr size_t kNamesSize = Place::kOrderSize + Place::kIdSize;
  char* order = block.arena.allocate(count * kNamesSize);
  const std::string_view stream = block.arena.copy(frame.stream);
  // All of them in one piece, lengths included: one copy.
  std::string_view piece = block.arena.copy(rest.substr(0, rest.size() - left.size()));
  for (uint32_t i = 0; i < count; ++i) {
    const Place place{.generation = first.generation, .sequence = first.sequence + i};
    place.write_order(order);
    place.write_id(order + Place::kOrderSize);
    Event& event = block.events.emplace_back();
    event.order = {order, Place::kOrderSize};
    event.id = {order + Place::kOrderSize, Place::kIdSize};
    event.stream = stream;
    event.raw = next_record(piece);
    event.has_raw = true;
    event.at = frame.at;
    order += kNamesSize;
  }
  rest = left;
  return count;
}

}  // namespace penstock::inbox
