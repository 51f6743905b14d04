#include "engine/ledger.h"

#include <gtest/gtest.h>

#include <numeric>

namespace penstock::engine {
namespace {

constexpr size_t kArena = size_t{256} << 10;  // of a read

std::unique_ptr<Chunk> chunk_of(std::vector<int64_t> times, Position behind) {
  auto chunk = std::make_unique<Chunk>();
  chunk->block = std::make_shared<EventBlock>(kArena);
  for (const int64_t micros : times) {
    Event& event = chunk->block->events.emplace_back();
    event.at = {micros};
    event.id = chunk->block->arena.copy("id " + std::to_string(micros));
    event.order = chunk->block->arena.copy(std::to_string(micros));
  }
  chunk->read.position = std::move(behind);
  return chunk;
}

// Of a source that can name every position inside a read.
std::optional<Position> before(const Position& /*end*/, std::string_view order) {
  return "before " + std::string(order);
}

struct LedgerTest : testing::Test {
  Chunk& add(std::vector<int64_t> times, Position behind) {
    Chunk* const chunk = ledger.add(chunk_of(std::move(times), std::move(behind)));
    EXPECT_NE(chunk, nullptr);
    return *chunk;
  }
  void add_empty(Position behind) {
    EXPECT_EQ(ledger.add(chunk_of({}, std::move(behind))), nullptr);
  }
  std::optional<Position> position(const PositionBefore& position_before = {}) {
    const auto safe = ledger.safe(position_before);
    return safe ? std::optional(safe->position) : std::nullopt;
  }

  Ledger ledger;
};

TEST_F(LedgerTest, a_position_is_safe_once_all_before_it_is_settled) {
  Chunk& first = add({1, 2}, "two");
  Chunk& second = add({3}, "three");
  EXPECT_TRUE(ledger.settle(second, 0));
  EXPECT_FALSE(ledger.advance());
  EXPECT_TRUE(ledger.settle(first, 1));
  EXPECT_FALSE(ledger.advance());
  EXPECT_EQ(position(), std::nullopt);
  EXPECT_EQ(ledger.settled(), 0U);
  EXPECT_EQ(ledger.settled_behind(), 2U);
  EXPECT_TRUE(ledger.settle(first, 0));
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(), "three");
  EXPECT_EQ(ledger.settled(), 3U);
  EXPECT_EQ(ledger.settled_behind(), 0U);
  EXPECT_FALSE(ledger.advance()) << "it is told once";
}

TEST_F(LedgerTest, an_event_is_settled_with_its_last_copy) {
  Chunk& chunk = add({1}, "one");
  Ledger::expect(chunk, 0);
  EXPECT_FALSE(ledger.settle(chunk, 0));
  EXPECT_EQ(ledger.open(), 1u);
  EXPECT_TRUE(ledger.settle(chunk, 0));
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(), "one");
}

TEST_F(LedgerTest, the_oldest_open_event_is_the_first_in_the_order_of_the_part) {
  EXPECT_FALSE(ledger.oldest_open());
  Chunk& first = add({10, 20, 30}, "a");
  Chunk& second = add({40}, "b");
  ledger.settle(first, 0);
  ledger.settle(first, 2);
  EXPECT_EQ(ledger.oldest_open(), Timestamp{20});
  EXPECT_EQ(ledger.newest_settled(), Timestamp{30});
  ledger.settle(first, 1);
  EXPECT_EQ(ledger.oldest_open(), Timestamp{40});
  ledger.settle(second, 0);
  EXPECT_FALSE(ledger.oldest_open());
}

TEST_F(LedgerTest, a_read_without_events_moves_the_position_once_it_is_its_turn) {
  Chunk& first = add({1}, "one");
  add_empty("behind a gap");
  EXPECT_FALSE(ledger.advance());
  ledger.settle(first, 0);
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(), "behind a gap");
  EXPECT_EQ(ledger.settled(), 1U);
  add_empty("further");
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(), "further");
}

TEST_F(LedgerTest, a_position_inside_a_read_is_safe_where_the_source_can_name_it) {
  Chunk& chunk = add({1, 2, 3}, "three");
  EXPECT_EQ(position(before), std::nullopt) << "nothing is settled";
  ledger.settle(chunk, 0);
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(before), "before 2");
  EXPECT_EQ(ledger.safe(before)->events, 1U);
  ledger.settle(chunk, 2);
  EXPECT_FALSE(ledger.advance());
  EXPECT_EQ(position(before), "before 2");
  ledger.settle(chunk, 1);
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(before), "three");
}

TEST_F(LedgerTest, a_source_that_cannot_name_it_repeats_the_read) {
  Chunk& first = add({1}, "one");
  Chunk& second = add({2, 3}, "three");
  ledger.settle(first, 0);
  ledger.settle(second, 0);
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(), "one");
  EXPECT_EQ(ledger.safe({})->events, 1U);
  EXPECT_EQ(position([](const Position&, std::string_view) { return std::nullopt; }), "one");
}

TEST_F(LedgerTest, an_event_without_durable_order_has_no_position_before_it) {
  auto chunk = chunk_of({1, 2}, "two");
  chunk->block->events[1].order = {};
  Chunk* const added = ledger.add(std::move(chunk));
  ledger.settle(*added, 0);
  ledger.advance();
  EXPECT_EQ(position(before), std::nullopt);
}

TEST_F(LedgerTest, the_safe_position_may_be_asked_for_before_the_prefix_is_followed) {
  Chunk& first = add({1}, "one");
  Chunk& chunk = add({2, 3}, "three");
  ledger.settle(first, 0);
  ledger.settle(chunk, 0);
  ledger.advance();
  ledger.settle(chunk, 1);  // the whole read is settled now, and gone
  EXPECT_EQ(position(before), "three");
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(before), "three");
}

TEST_F(LedgerTest, compaction_copies_the_few_open_events_out_of_their_arena) {
  Chunk& chunk = add({1, 2, 3, 4}, "four");
  ledger.settle(chunk, 0);
  ledger.settle(chunk, 2);
  ledger.settle(chunk, 3);
  EXPECT_GT(ledger.pinned_bytes(), kArena);
  ledger.compact();
  EXPECT_LT(ledger.pinned_bytes(), kArena / 16);
  EXPECT_EQ(chunk.event(1).id, "id 2");
  EXPECT_EQ(chunk.event(1).order, "2");
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(before), "before 2");
  EXPECT_EQ(ledger.settled(), 1U);
  EXPECT_EQ(ledger.oldest_open(), Timestamp{2});
}

TEST_F(LedgerTest, what_is_kept_goes_by_its_old_index) {
  Chunk& chunk = add({1, 2, 3, 4, 5, 6}, "six");
  for (const uint32_t index : {0U, 2U, 4U}) {
    ledger.settle(chunk, index);
  }
  ledger.compact();
  EXPECT_EQ(chunk.kept, (std::vector<uint32_t>{1, 3, 5}));
  Ledger::expect(chunk, 3);
  EXPECT_FALSE(ledger.settle(chunk, 3));
  EXPECT_TRUE(ledger.settle(chunk, 3));
  EXPECT_EQ(chunk.event(5).id, "id 6");
  EXPECT_TRUE(ledger.settle(chunk, 1));
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(ledger.settled(), 5U);
  EXPECT_EQ(position(before), "before 6");
  EXPECT_TRUE(ledger.settle(chunk, 5));
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(before), "six");
}

TEST_F(LedgerTest, a_chunk_is_compacted_again_when_fewer_of_its_events_are_open) {
  std::vector<int64_t> times(1000);
  std::iota(times.begin(), times.end(), 0);
  Chunk& chunk = add(times, "end");
  for (uint32_t i = 0; i < 600; ++i) {
    ledger.settle(chunk, i);
  }
  ledger.compact();
  ledger.advance();
  for (uint32_t i = 600; i < 999; ++i) {
    ledger.settle(chunk, i);
  }
  ledger.compact();
  EXPECT_EQ(chunk.kept, (std::vector<uint32_t>{999}));
  EXPECT_EQ(chunk.event(999).id, "id 999");
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(ledger.settled(), 999U);
}

TEST_F(LedgerTest, the_arena_of_a_read_of_one_event_is_given_back) {
  Chunk& chunk = add({7}, "seven");
  ledger.compact();
  EXPECT_LT(ledger.pinned_bytes(), kArena / 16);
  EXPECT_EQ(chunk.event(0).id, "id 7");
}

TEST_F(LedgerTest, one_small_event_takes_no_more_than_it_needs_in_the_arena_of_a_small_read) {
  auto chunk = std::make_unique<Chunk>();
  chunk->block = std::make_shared<EventBlock>(size_t{8} << 10);
  chunk->block->events.emplace_back().raw = chunk->block->arena.copy(std::string(300, 'x'));
  ASSERT_NE(ledger.add(std::move(chunk)), nullptr);
  ASSERT_GT(ledger.pinned_bytes(), size_t{8} << 10);
  ledger.compact();
  EXPECT_LT(ledger.pinned_bytes(), size_t{2} << 10);
}

TEST_F(LedgerTest, compaction_keeps_the_routes_and_rejections_of_what_is_not_dispatched) {
  auto chunk = chunk_of({1, 2, 3}, "three");
  chunk->block->rejections.push_back({1, Error{Error::Kind::rejected, "no JSON", {}}});
  Routes& routes = chunk->routes.emplace_back();
  routes.keys = {{1, 1}, {2, 2}, {3, 3}};
  routes.rejections.push_back({2, Error{Error::Kind::rejected, "no folder", {}}});
  Chunk* const added = ledger.add(std::move(chunk));
  ledger.settle(*added, 0);
  ledger.compact();
  EXPECT_EQ(added->kept, (std::vector<uint32_t>{1, 2}));
  ASSERT_EQ(added->rejections.size(), 1U);
  EXPECT_EQ(added->rejections[0].index, 1U);
  ASSERT_EQ(added->routes.size(), 1U);
  EXPECT_EQ(added->routes[0].keys[2], (OrderKey{3, 3}));
  ASSERT_EQ(added->routes[0].rejections.size(), 1U);
  EXPECT_EQ(added->routes[0].rejections[0].error.what, "no folder");
  ledger.dispatched(*added);
  EXPECT_TRUE(added->routes.empty());
  EXPECT_TRUE(added->rejections.empty());
}

TEST_F(LedgerTest, a_letter_on_its_way_outlives_the_arena_that_compaction_gives_back) {
  Chunk& chunk = add({1, 2}, "two");
  const std::shared_ptr<EventBlock> block = chunk.block;
  const Event* const event = &chunk.event(1);
  ledger.settle(chunk, 0);
  ledger.compact();
  EXPECT_NE(&chunk.event(1), event);
  EXPECT_EQ(event->id, "id 2");
}

// Fault 6b: idle parts behind one open event.
TEST_F(LedgerTest, a_million_empty_reads_behind_an_open_event_take_no_memory) {
  Chunk& open = add({1}, "one");
  ledger.compact();
  add_empty("0");
  const size_t pinned = ledger.pinned_bytes();
  for (uint32_t i = 1; i < 1'000'000; ++i) {
    ledger.add(chunk_of({}, std::to_string(i)));
  }
  EXPECT_EQ(ledger.pinned_bytes(), pinned);
  EXPECT_FALSE(ledger.advance());
  ledger.settle(open, 0);
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(), "999999");
  EXPECT_EQ(ledger.pinned_bytes(), 0U);
}

// Fault 6c: reads of one event each, settled behind a stuck one.
TEST_F(LedgerTest, a_million_settled_reads_behind_an_open_event_take_no_memory) {
  Chunk& open = add({0}, "0");
  ledger.compact();
  size_t most = 0;
  for (int64_t i = 1; i <= 1'000'000; ++i) {
    auto chunk = std::make_unique<Chunk>();
    chunk->block = std::make_shared<EventBlock>(1024);
    chunk->block->events.emplace_back().at = {i};
    chunk->read.position = std::to_string(i);
    Chunk* const added = ledger.add(std::move(chunk));
    most = std::max(most, ledger.pinned_bytes());
    ledger.settle(*added, 0);
  }
  EXPECT_LT(most, 16U << 10);
  EXPECT_EQ(ledger.settled_behind(), 1'000'000U);
  ledger.settle(open, 0);
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(ledger.settled(), 1'000'001U);
  EXPECT_EQ(position(), "1000000");
  EXPECT_EQ(ledger.pinned_bytes(), 0U);
}

TEST_F(LedgerTest, reads_that_settle_in_any_order_are_merged_and_keep_their_positions) {
  std::vector<Chunk*> chunks;
  for (int64_t i = 0; i < 5; ++i) {
    chunks.push_back(&add({i}, "behind " + std::to_string(i)));
  }
  for (const uint32_t settled : {3U, 1U, 2U}) {
    ledger.settle(*chunks[settled], 0);
    EXPECT_FALSE(ledger.advance());
  }
  ledger.settle(*chunks[0], 0);
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(), "behind 3");
  EXPECT_EQ(ledger.settled(), 4U);
  EXPECT_EQ(ledger.open(), 1U);
  ledger.settle(*chunks[4], 0);
  EXPECT_TRUE(ledger.advance());
  EXPECT_EQ(position(), "behind 4");
}

using LedgerDeathTest = LedgerTest;

TEST_F(LedgerDeathTest, an_event_is_never_settled_twice) {
  Chunk& chunk = add({1, 2}, "two");
  ledger.settle(chunk, 0);
  EXPECT_DEATH(ledger.settle(chunk, 0), "pending");
}

}  // namespace
}  // namespace penstock::engine
