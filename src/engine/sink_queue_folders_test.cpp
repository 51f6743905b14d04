// The folders of a lake: which goes first, and what shares no object.
#include "engine/test_sink_queue.h"

namespace penstock::engine {
namespace {

struct FoldersTest : SinkQueueTest {
  FoldersTest() {
    spec.traits.folders = true;
    spec.batch_wait = 1h;
    spec.batch_events = 1'000;
    make();
  }
  void push_folder(uint64_t folder, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      push(used++, folder);
    }
  }
  size_t relieved() {
    sink->relieve(true, now);
    const auto task = next();
    const size_t size = task ? task->items.size() : 0;
    if (task) {
      answer(*task);
    }
    return size;
  }
  uint32_t used = 0;
};

TEST_F(FoldersTest, where_room_is_wanted_the_fullest_goes_first) {
  push_folder(1, 3);
  push_folder(2, 40);
  push_folder(3, 9);
  push_folder(4, 100);
  push_folder(5, 1);
  EXPECT_EQ(next(), nullptr) << "all wait to become fuller";
  std::vector<size_t> sizes;
  while (const size_t size = relieved()) {
    sizes.push_back(size);
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{100, 40, 9, 3, 1}));
}

TEST_F(FoldersTest, the_fullest_is_known_however_folders_grow_and_go) {
  Random random(3);
  std::map<uint64_t, uint32_t> sizes;
  for (int step = 0; step < 2'000; ++step) {
    const uint64_t folder = 1 + random.below(30);
    push(used++ % 20'000, folder);
    ++sizes[folder];
    if (step % 20 != 19) {
      continue;
    }
    uint32_t most = 0;
    for (const auto& [key, size] : sizes) {
      most = std::max(most, size);
    }
    sink->relieve(true, now);
    const auto task = next();
    ASSERT_TRUE(task);
    ASSERT_GT(task->items.size() * 2, most) << "none has twice as many";
    ASSERT_EQ(task->items.size(), sizes[task->items[0].key.low]);
    sizes.erase(task->items[0].key.low);
    answer(*task);
  }
}

TEST_F(FoldersTest, where_a_write_is_under_way_room_will_come_of_itself) {
  push_folder(1, 3);
  push_folder(2, 40);
  sink->relieve(true, now);
  const auto task = next();
  ASSERT_TRUE(task);
  sink->relieve(true, now);
  EXPECT_EQ(next(), nullptr);
  answer(*task);
  EXPECT_EQ(relieved(), 3U);
}

TEST_F(FoldersTest, one_too_many_cuts_the_fullest) {
  spec.open_folders_max = 2;
  push_folder(1, 3);
  push_folder(2, 40);
  EXPECT_EQ(next(), nullptr);
  push_folder(3, 1);
  const auto task = next();
  ASSERT_TRUE(task);
  EXPECT_EQ(task->items.size(), 40U);
}

TEST_F(FoldersTest, parts_share_no_object) {
  Chunk other;
  other.block = chunk.block;
  other.part = 1;
  push(0, 1);
  sink->push({.chunk = &other, .index = 1, .bytes = 10, .key = OrderKey{1, 1}}, 0);
  sink->flush(true, now);
  const auto first = next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->items.size(), 1U);
  EXPECT_EQ(next(), nullptr) << "a folder has one slot, whatever the part";
  answer(*first);
  const auto second = next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->batch.slot, first->batch.slot);
}

TEST_F(FoldersTest, events_of_unlike_cuts_share_no_object) {
  push(0, 1, 0);
  push(1, 1, 0);
  push(2, 1, 1);
  sink->flush(true, now);
  const auto first = next();
  ASSERT_TRUE(first);
  EXPECT_EQ(indexes_of(*first), (std::vector<uint32_t>{0, 1}));
  answer(*first);
  const auto second = next();
  ASSERT_TRUE(second);
  EXPECT_EQ(indexes_of(*second), (std::vector<uint32_t>{2}));
}

// It is the fullest, and can be cut at its retries alone.
TEST_F(FoldersTest, a_folder_that_fails_keeps_no_other_from_being_cut_for_room) {
  push_folder(4, 100);
  push_folder(5, 40);
  const Instant begin = now;
  const auto denied = [](const WriteTask& task) -> Written {
    return task.items[0].key.low == 4 ? transient("denied") : ok(task);
  };
  while (delivered.empty() && now < begin + 1min) {
    sink->relieve(true, now);
    ASSERT_TRUE(run(now + 1s, denied));
  }
  EXPECT_EQ(delivered.size(), 40U);
}

}  // namespace
}  // namespace penstock::engine
