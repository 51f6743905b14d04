// What one folder of a lake does: objects in order, without gaps, repeated as they were.
#include "engine/folder.h"

#include "engine/test_queue.h"

namespace penstock::engine {
namespace {

struct FolderTest : QueueTest {
  FolderTest() {
    spec.traits.folders = true;
    make();
  }
  void make() { queue = std::make_unique<Folder>(spec, quarantine, failing, 1); }
};

TEST_F(FolderTest, an_object_holds_the_next_events_in_order_whatever_their_keys) {
  push({{0, 1}, {1, 2}, {2, 1}, {3, 0}, {4, 1}});
  EXPECT_EQ(take(), (Indexes{0, 1, 2, 3}));
  EXPECT_TRUE(queue->in_flight());
  finish();
  EXPECT_EQ(take(), (Indexes{4}));
}

TEST_F(FolderTest, an_object_ends_at_a_cut) {
  push({{0, 1}, {1, 1}});
  push_cut(2, 1);
  EXPECT_EQ(take(), (Indexes{0, 1}));
  finish();
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(FolderTest, an_object_ends_at_a_cut_behind_a_write_that_failed) {
  push({{0, 1}});
  take();
  push({{1, 1}});
  push_cut(2, 1);
  finish({{0, kFailed}});
  EXPECT_GT(queue->ready_at(now, true), now);
  now = now + 20ms;
  EXPECT_EQ(take(), (Indexes{0}));
  finish();
  EXPECT_EQ(take(), (Indexes{1}));
  finish();
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(FolderTest, a_write_that_failed_is_repeated_exactly) {
  push({{0, 1}, {1, 1}});
  take();
  finish_all(kFailed);
  push({{2, 1}});
  now = now + 20ms;
  EXPECT_EQ(take(), (Indexes{0, 1}));
  finish();
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(FolderTest, a_write_that_failed_is_repeated_with_a_key_that_was_quarantined_since) {
  push({{0, 1}, {1, 2}});
  take();
  finish_all(kFailed);
  quarantine.insert(event_with(key_of(2)));
  now = now + 20ms;
  EXPECT_EQ(take(), (Indexes{0, 1})) << "it may be in the object already";
  EXPECT_TRUE(diverted.empty());
}

TEST_F(FolderTest, an_object_never_spans_an_event_that_is_diverted) {
  quarantine.insert(event_with(key_of(2)));
  push({{0, 1}, {1, 2}, {2, 1}});
  EXPECT_EQ(take(), (Indexes{0}));
  EXPECT_TRUE(diverted.empty()) << "the object ends before it";
  finish();
  EXPECT_EQ(take(), (Indexes{2}));
  EXPECT_EQ(indexes_of(diverted), (Indexes{1}));
}

TEST_F(FolderTest, what_the_lake_held_back_comes_next_and_counts_as_no_failure) {
  spec.retry.attempts = 0;
  push({{0, 1}, {1, 2}, {2, 2}, {3, 1}});
  EXPECT_EQ(take(), (Indexes{0, 1, 2, 3}));
  EXPECT_TRUE(finish({{1, kRejected}, {2, kHeldBack}}));
  push({{4, 1}});
  EXPECT_EQ(take(), (Indexes{2})) << "at once, in an object of its own: 3 is written";
  finish();
  EXPECT_EQ(take(), (Indexes{4}));
}

TEST_F(FolderTest, what_was_held_back_follows_its_key_into_quarantine) {
  push({{0, 1}, {1, 2}, {2, 2}, {3, 1}});
  take();
  finish({{1, kRejected}, {2, kHeldBack}});
  quarantine.insert(event_with(key_of(2)));
  EXPECT_EQ(take(), (Indexes{}));
  EXPECT_EQ(indexes_of(diverted), (Indexes{2}));
}

TEST_F(FolderTest, an_event_barred_before_it_came_is_diverted) {
  Item one = item(0, 1);
  one.is_barred = true;
  queue->push(one);
  EXPECT_EQ(take(), (Indexes{}));
  EXPECT_EQ(indexes_of(diverted), (Indexes{0}));
  EXPECT_FALSE(queue->in_flight()) << "an empty batch leaves nothing in flight";
}

TEST_F(FolderTest, a_rejected_object_is_sent_in_halves) {
  push({{0, 1}, {1, 2}, {2, 3}, {3, 4}});
  take();
  queue->bisect(batch);
  EXPECT_EQ(take(), (Indexes{0, 1}));
  queue->bisect(batch);
  EXPECT_EQ(take(), (Indexes{0}));
  finish({{0, kRejected}});
  EXPECT_EQ(take(), (Indexes{1, 2})) << "the culprit is found";
}

TEST_F(FolderTest, objects_grow_again_once_the_culprit_stood_alone) {
  push({{0, 1}, {1, 1}});
  take();
  queue->bisect(batch);
  take();
  finish();
  push({{2, 1}, {3, 1}, {4, 1}});
  EXPECT_EQ(take(), (Indexes{1, 2}));
  finish();
  EXPECT_EQ(take(), (Indexes{3, 4}));
  finish();
  push({{5, 1}, {6, 1}, {7, 1}, {8, 1}});
  EXPECT_EQ(take(), (Indexes{5, 6, 7, 8}));
}

TEST_F(FolderTest, an_object_waits_until_full_or_old_or_cut_or_flushed) {
  spec.batch_wait = 50ms;
  make();
  push({{0, 1}});
  EXPECT_EQ(queue->ready_at(now, false), now + 50ms);
  EXPECT_LE(queue->ready_at(now, true), now);
  push_cut(1, 1);
  EXPECT_LE(queue->ready_at(now, false), now) << "what is before the cut can grow no more";
  take();
  finish();
  EXPECT_GT(queue->ready_at(now, false), now) << "what begins with the cut can";
  push({{2, 1}, {3, 1}, {4, 1}});
  EXPECT_LE(queue->ready_at(now, false), now);
}

TEST_F(FolderTest, an_object_is_cut_at_bytes_but_one_large_event_passes) {
  spec.batch_bytes = 25;
  make();
  push({{0, 1}, {1, 1}, {2, 1}});
  EXPECT_EQ(take(), (Indexes{0, 1}));
  finish();
  spec.batch_bytes = 5;
  EXPECT_EQ(take(), (Indexes{2}));
}

TEST_F(FolderTest, a_sink_that_works_again_lets_the_failed_object_go_at_once) {
  spec.retry.initial = spec.retry.max = 1h;
  make();
  push({{0, 1}});
  take();
  finish_all(kFailed);
  EXPECT_EQ(queue->parked_keys(), 1U);
  EXPECT_EQ(*failing.begin(), now);
  queue->retry_now(now);
  EXPECT_LE(queue->ready_at(now, false), now);
  EXPECT_EQ(take(), (Indexes{0}));
  finish();
  EXPECT_TRUE(failing.empty());
  EXPECT_EQ(queue->parked_keys(), 0U);
  EXPECT_EQ(queue->queued(), 0U);
}

TEST_F(FolderTest, used_up_retries_name_an_event_of_the_object) {
  spec.retry.attempts = 1;
  make();
  push({{7, 1}, {8, 1}});
  take();
  EXPECT_TRUE(finish_all(kFailed));
  EXPECT_FALSE(finished.failed_before);
  now = now + 20ms;
  take();
  EXPECT_FALSE(finish_all(kFailed));
  EXPECT_TRUE(finished.failed_before);
  EXPECT_EQ(exhausted.index, 7U);
}

using FolderDeathTest = FolderTest;

TEST_F(FolderDeathTest, a_folder_has_one_write_in_flight) {
  push({{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}});
  take();
  Taken taken;
  EXPECT_DEATH(queue->take(now, true, false, taken), "in_flight");
}

}  // namespace
}  // namespace penstock::engine
