// StoredEvents: rows of the event store as events. Owned by one reader; one thread at a time.
#pragma once

#include <optional>
#include <string_view>

#include "core/event.h"
#include "core/order.h"
#include "doc/json.h"

namespace penstock::event_store {

struct Row {  // views that live until the statement goes on
  std::string_view stream;
  int64_t sequence = 0;
  std::string_view id, at, type, data;
};

class StoredEvents {
 public:
  // The orders begin with the store's identity: another store's rows have the same sequences.
  static constexpr uint32_t kGenerationBytes = kOrderPiece;
  explicit StoredEvents(std::string_view identity);
  // Appends the event; everything it points to is in the block's arena.
  void append(const Row& row, EventBlock& block);
  // Of the row with this order; nothing for another store's.
  std::optional<int64_t> sequence_of(std::string_view order) const;

 private:
  Document after(const Row& row, std::string_view raw, Arena& arena);

  uint64_t generation_;
  doc::JsonReader json_;
};

// "2024-01-31T12:00:00.000000Z" as the sink writes it; nullopt for anything else.
std::optional<Timestamp> parse_stored_at(std::string_view text);

}  // namespace penstock::event_store
