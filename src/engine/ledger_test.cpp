#include "engine/ledger.h"

#include <gtest/gtest.h>

namespace penstock::engine {
namespace {

std::unique_ptr<Chunk> chunk_of(std::vector<int64_t> times, Position behind) {
  auto chunk = std::make_unique<Chunk>();
  chunk->block = std::make_shared<EventBlock>();
  for (const int64_t micros : times) {
    Event& event = chunk->block->events.emplace_back();
    event.at = {micros};
  }
  chunk->read.position = std::move(behind);
  return chunk;
}

TEST(ledger, a_position_is_safe_once_all_before_it_is_settled) {
  Ledger ledger;
  Chunk& first = ledger.add(chunk_of({1, 2}, "two"));
  Chunk& second = ledger.add(chunk_of({3}, "three"));
  EXPECT_TRUE(ledger.settle(second, 0));
  EXPECT_FALSE(ledger.take_safe_position());
  EXPECT_TRUE(ledger.settle(first, 1));
  EXPECT_FALSE(ledger.take_safe_position());
  EXPECT_TRUE(ledger.settle(first, 0));
  EXPECT_EQ(ledger.take_safe_position(), "three");
  EXPECT_FALSE(ledger.take_safe_position()) << "it is given once";
}

TEST(ledger, an_event_is_settled_with_its_last_copy) {
  Ledger ledger;
  Chunk& chunk = ledger.add(chunk_of({1}, "one"));
  Ledger::expect(chunk, 0);
  EXPECT_FALSE(ledger.settle(chunk, 0));
  EXPECT_EQ(ledger.open(), 1u);
  EXPECT_TRUE(ledger.settle(chunk, 0));
  EXPECT_EQ(ledger.take_safe_position(), "one");
}

TEST(ledger, the_oldest_open_event_is_the_first_in_the_order_of_the_part) {
  Ledger ledger;
  EXPECT_FALSE(ledger.oldest_open());
  Chunk& first = ledger.add(chunk_of({10, 20, 30}, "a"));
  Chunk& second = ledger.add(chunk_of({40}, "b"));
  ledger.settle(first, 0);
  ledger.settle(first, 2);
  EXPECT_EQ(ledger.oldest_open(), Timestamp{20});
  EXPECT_EQ(ledger.newest_settled(), Timestamp{30});
  ledger.settle(first, 1);
  EXPECT_EQ(ledger.oldest_open(), Timestamp{40});
  ledger.settle(second, 0);
  EXPECT_FALSE(ledger.oldest_open());
}

}  // namespace
}  // namespace penstock::engine
