#include "inbox/inbox.h"

#include <gtest/gtest.h>

#include "sim/sim_files.h"
#include "testing/test_signal.h"

namespace penstock::inbox {
namespace {

using sim::FileFault;
using sim::FileOp;
using sim::FileOperation;
using sim::SimFiles;

FrameWriter request(const std::vector<std::string>& records, std::string_view stream = "orders") {
  FrameWriter frame(stream, Timestamp{1'700'000'000'000'000}, 0);
  for (const std::string& record : records) {
    frame.add(record);
  }
  return frame;
}

class InboxTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Inbox>> try_open(Options options = {}) {
    options.folder = "box";
    options.own_thread = false;
    return Inbox::open(options, files_, clock_, log_, ++seed_);
  }
  std::unique_ptr<Inbox> open(Options options = {}) { return try_open(options).value(); }
  static Result<Place> put(Inbox& inbox, const std::vector<std::string>& records) {
    Result<Place> answer = fatal("never answered");
    inbox.append(request(records), [&](Result<Place> place) { answer = std::move(place); });
    inbox.work();
    return answer;
  }
  struct Got {
    std::vector<std::string> raws, ids;
    Read read;
  };
  static Got get(Inbox& inbox, ReadLimits limits = {}) {
    EventBlock block;
    Got got;
    got.read = inbox.read(block, limits, {}).value();
    for (const Event& event : block.events) {
      got.raws.emplace_back(event.raw);
      got.ids.emplace_back(event.id);
    }
    return got;
  }
  std::vector<std::string> segments() {
    std::vector<std::string> names = files_.list("box").value();
    std::erase_if(names, [](const std::string& name) { return !name.ends_with(".segment"); });
    return names;
  }
  void fail_all(FileOp op, Error error, size_t bytes_kept = 0) {
    files_.set_hook([=](const FileOperation& operation) -> std::optional<FileFault> {
      if (operation.op != op) {
        return std::nullopt;
      }
      return FileFault{.error = error, .bytes_kept = bytes_kept};
    });
  }

  SimFiles files_;
  SystemClock clock_;
  NullLog log_;
  uint64_t seed_ = 0;
};

TEST_F(InboxTest, gives_what_was_put_in_with_stable_ids_in_order) {
  auto inbox = open();
  const Place first = put(*inbox, {"a", "", "c"}).value();
  EXPECT_EQ(first.sequence, 1u);
  EXPECT_EQ(put(*inbox, {"d"}).value().sequence, 4u);
  EventBlock block;
  const Read read = inbox->read(block, {}, {}).value();
  ASSERT_EQ(block.events.size(), 4u);
  EXPECT_TRUE(read.caught_up);
  EXPECT_EQ(block.events[1].raw, "");
  EXPECT_TRUE(block.events[1].has_raw);
  EXPECT_EQ(block.events[3].raw, "d");
  EXPECT_EQ(block.events[3].stream, "orders");
  EXPECT_EQ(block.events[3].at.micros, 1'700'000'000'000'000);
  EXPECT_EQ(block.events[0].id, first.id());
  EXPECT_EQ(block.events[0].order.size(), 16u);
  EXPECT_LT(block.events[2].order, block.events[3].order);
  EXPECT_EQ(Place::from_position(read.position)->sequence, 4u);
}

TEST_F(InboxTest, shows_nothing_before_it_is_synced) {
  auto inbox = open();
  bool answered = false;
  inbox->append(request({"a"}), [&](const Result<Place>&) { answered = true; });
  EXPECT_TRUE(get(*inbox).raws.empty());
  EXPECT_FALSE(answered);
  inbox->work();
  EXPECT_TRUE(answered);
  EXPECT_EQ(get(*inbox).raws.size(), 1u);
}

TEST_F(InboxTest, a_commit_while_the_next_segment_is_made_does_not_make_it_twice) {
  auto inbox = open({.segment_bytes = 700});
  inbox->append(request({std::string(800, 'a')}), [&](const Result<Place>& place) {
    ASSERT_TRUE(place);
    ASSERT_TRUE(inbox->commit(get(*inbox).read.position));
  });
  inbox->work();
  EXPECT_TRUE(get(*inbox).raws.empty());
  ASSERT_TRUE(put(*inbox, {"b"}));
  EXPECT_EQ(get(*inbox).raws, std::vector<std::string>{"b"});
  EXPECT_EQ(segments().size(), 1u);
}

TEST_F(InboxTest, requests_that_wait_together_share_one_sync) {
  auto inbox = open();
  put(*inbox, {"first"}).value();
  int syncs = 0;
  files_.set_hook([&](const FileOperation& operation) -> std::optional<FileFault> {
    syncs += operation.op == FileOp::sync ? 1 : 0;
    return std::nullopt;
  });
  int answers = 0;
  for (int i = 0; i < 10; ++i) {
    inbox->append(request({"x"}), [&](const Result<Place>& place) { answers += place ? 1 : 0; });
  }
  inbox->work();
  EXPECT_EQ(answers, 10);
  EXPECT_EQ(syncs, 1);
}

TEST_F(InboxTest, keeps_the_reads_limits_and_cuts_requests_apart) {
  auto inbox = open();
  put(*inbox, {"aaaa", "bbbb", "cccc"}).value();
  put(*inbox, {"dddd", std::string(100, 'e'), "ffff"}).value();
  using Strings = std::vector<std::string>;
  EXPECT_EQ(get(*inbox, {.events = 2}).raws, (Strings{"aaaa", "bbbb"}));
  EXPECT_EQ(get(*inbox, {.bytes = 9}).raws, (Strings{"cccc", "dddd"}));
  EXPECT_EQ(get(*inbox, {.bytes = 9}).raws, (Strings{std::string(100, 'e')}));
  const Got last = get(*inbox, {.bytes = 9});
  EXPECT_EQ(last.raws, (Strings{"ffff"}));
  EXPECT_TRUE(last.read.caught_up);
}

TEST_F(InboxTest, an_opening_begins_a_later_generation_behind_what_is_inside) {
  std::string first_id;
  {
    auto inbox = open();
    first_id = put(*inbox, {"old"}).value().id();
  }
  auto inbox = open();
  const Place place = put(*inbox, {"new"}).value();
  EXPECT_EQ(place.sequence, 1u);
  EXPECT_LT(first_id, place.id());
  const Got got = get(*inbox);
  EXPECT_EQ(got.raws, (std::vector<std::string>{"old", "new"}));
  EXPECT_EQ(got.ids, (std::vector<std::string>{first_id, place.id()}));
}

TEST_F(InboxTest, what_was_committed_does_not_come_again) {
  {
    auto inbox = open();
    put(*inbox, {"a", "b", "c"}).value();
    ASSERT_TRUE(inbox->commit(get(*inbox, {.events = 2}).read.position));
  }
  auto inbox = open();
  EXPECT_EQ(get(*inbox).raws, (std::vector<std::string>{"c"}));
}

TEST_F(InboxTest, committed_segments_go_and_the_room_comes_back) {
  auto inbox = open({.bytes_max = 5000, .segment_bytes = 1000});
  std::optional<Error> refused;
  int kept = 0;
  while (!refused) {
    const auto answer = put(*inbox, {std::string(300, 'x')});
    if (answer) {
      ++kept;
    } else {
      refused = answer.error();
    }
  }
  EXPECT_EQ(refused->kind, Error::Kind::transient);
  EXPECT_NE(refused->what.find("box: full"), std::string::npos);
  EXPECT_GT(kept, 8);
  EXPECT_GT(segments().size(), 2u);
  const Got got = get(*inbox);
  EXPECT_EQ(got.raws.size(), static_cast<size_t>(kept));
  ASSERT_TRUE(inbox->commit(got.read.position));
  EXPECT_LE(segments().size(), 1u);
  for (int i = 0; i < 100; ++i) {
    put(*inbox, {std::string(300, 'y')}).value();
    ASSERT_TRUE(inbox->commit(get(*inbox).read.position));
  }
}

TEST_F(InboxTest, a_full_disk_refuses_and_recovers_and_never_shows_what_it_refused) {
  auto inbox = open();
  put(*inbox, {"before"}).value();
  fail_all(FileOp::write, transient("disk full").error(), SIZE_MAX);
  const auto refused = put(*inbox, {"refused"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Error::Kind::transient);
  files_.set_hook({});
  put(*inbox, {"after 1"}).value();
  inbox.reset();
  inbox = open();
  EXPECT_EQ(get(*inbox).raws, (std::vector<std::string>{"before", "after 1"}));
}

TEST_F(InboxTest, what_was_refused_is_not_found_by_the_next_opening) {
  auto inbox = open();
  put(*inbox, {"before"}).value();
  files_.set_hook([&, begin = files_.operations()](const FileOperation& operation) {
    // All of the bytes are there, and the disk says that they are not.
    const bool fails = operation.op == FileOp::write && operation.index > begin;
    return fails ? std::optional(
                       FileFault{.error = transient("disk full").error(), .bytes_kept = SIZE_MAX})
                 : std::nullopt;
  });
  ASSERT_FALSE(put(*inbox, {"refused"}));
  files_.set_hook({});
  inbox.reset();
  EXPECT_EQ(get(*open()).raws, std::vector<std::string>{"before"});
}

TEST_F(InboxTest, what_an_opening_finds_is_durable_before_it_is_read) {
  auto inbox = open();
  put(*inbox, {"kept"}).value();
  files_.die_at(files_.operations() + 1);  // after the write, before its sync
  ASSERT_FALSE(put(*inbox, {"not answered"}));
  inbox.reset();
  files_.crash_process();
  const std::vector<std::string> both = {"kept", "not answered"};
  inbox = open();
  EXPECT_EQ(get(*inbox).raws, both);
  inbox.reset();
  files_.crash_machine_forgetting_all();
  EXPECT_EQ(get(*open()).raws, both);
}

TEST_F(InboxTest, a_failed_sync_is_fatal_and_never_tried_again) {
  auto inbox = open();
  put(*inbox, {"before"}).value();
  fail_all(FileOp::sync, fatal("sync failed").error());
  EXPECT_EQ(put(*inbox, {"x"}).error().kind, Error::Kind::fatal);
  files_.set_hook({});
  EXPECT_EQ(put(*inbox, {"y"}).error().kind, Error::Kind::fatal);
  EXPECT_EQ(get(*inbox).raws, (std::vector<std::string>{"before"}));
  EventBlock block;
  EXPECT_EQ(inbox->read(block, {}, {}).error().kind, Error::Kind::fatal);
}

TEST_F(InboxTest, notices_that_its_files_were_taken_away) {
  auto inbox = open();
  put(*inbox, {"x"}).value();
  ASSERT_TRUE(files_.remove("box/" + segments().back()));
  const auto lost = put(*inbox, {"y"});
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, Error::Kind::fatal);
  EXPECT_NE(lost.error().what.find("deleted"), std::string::npos);
}

TEST_F(InboxTest, what_waits_in_memory_is_bounded) {
  auto inbox = open();
  int refused = 0;
  const std::string large(size_t{16} << 20, 'x');
  for (int i = 0; i < 5; ++i) {
    inbox->append(request({large}), [&](const Result<Place>& place) { refused += place ? 0 : 1; });
  }
  EXPECT_EQ(refused, 2);
  inbox->work();
  inbox->work();
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(get(*inbox, {.bytes = SIZE_MAX}).raws.size(), 3u);
}

TEST_F(InboxTest, one_process_at_a_time) {
  auto inbox = open();
  const auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Error::Kind::transient);
  inbox.reset();
  EXPECT_TRUE(try_open());
}

TEST_F(InboxTest, a_torn_tail_is_cut) {
  open();
  put(*open(), {"kept"}).value();
  const std::string path = "box/" + segments().back();
  {
    auto file = files_.open(path, OpenMode::write).value();
    const uint64_t size = file->info().value().size;
    FrameWriter torn = request({"torn", "torn"});
    ASSERT_TRUE(file->write(size, torn.seal(2, size, 0).substr(0, 70)));
  }
  auto inbox = open();
  EXPECT_EQ(get(*inbox).raws, (std::vector<std::string>{"kept"}));
  EXPECT_EQ(put(*inbox, {"next"}).value().sequence, 1u);
  inbox.reset();
  EXPECT_EQ(get(*open()).raws, (std::vector<std::string>{"kept", "next"}));
}

TEST_F(InboxTest, a_changed_byte_of_a_record_is_fatal) {
  {
    auto inbox = open({.segment_bytes = 400});
    for (int i = 0; i < 11; ++i) {
      put(*inbox, {std::string(40, 'x')}).value();
    }
  }
  auto file = files_.open("box/" + segments().front(), OpenMode::write).value();
  std::string bytes(file->info().value().size, '\0');
  ASSERT_TRUE(file->read(0, bytes));
  ASSERT_TRUE(file->write(bytes.find("xxx"), "y"));
  auto inbox = open();
  EventBlock block;
  const auto read = inbox->read(block, {}, {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, Error::Kind::fatal);
}

TEST_F(InboxTest, corruption_in_the_middle_is_fatal_and_names_file_and_byte) {
  {
    auto inbox = open({.segment_bytes = 400});
    for (int i = 0; i < 11; ++i) {
      put(*inbox, {"record " + std::to_string(i), std::string(40, 'x')}).value();
    }
  }
  const auto damage = [&](const std::string& name, uint64_t at) {
    auto file = files_.open("box/" + name, OpenMode::write).value();
    char byte = 0;
    ASSERT_EQ(file->read(at, {&byte, 1}).value(), 1u);
    byte = static_cast<char>(byte ^ 1);
    ASSERT_TRUE(file->write(at, {&byte, 1}));
  };
  const std::vector<std::string> names = segments();
  ASSERT_GT(names.size(), 2u);
  // In the newest segment at opening, in another one when it is read.
  damage(names.back(), 70);
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Error::Kind::fatal);
  EXPECT_NE(opened.error().what.find("box/" + names.back() + ": corrupt at byte 64"),
            std::string::npos);
  damage(names.back(), 70);
  damage(names.front(), 200);
  auto inbox = open();
  EventBlock block;
  const auto read = inbox->read(block, {}, {});
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->caught_up);
  EXPECT_EQ(block.events.size(), 2u) << "what is sound before it";
  Result<Read> next = inbox->read(block, {}, {});
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().kind, Error::Kind::fatal);
  EXPECT_NE(next.error().what.find(names.front()), std::string::npos);
}

TEST_F(InboxTest, a_missing_segment_is_noticed) {
  {
    auto inbox = open({.segment_bytes = 300});
    for (int i = 0; i < 10; ++i) {
      put(*inbox, {std::string(100, 'x')}).value();
    }
    ASSERT_TRUE(inbox->commit(get(*inbox, {.events = 1}).read.position));
  }
  ASSERT_GT(segments().size(), 2u);
  ASSERT_TRUE(files_.remove("box/" + segments()[1]));
  auto inbox = open();
  EventBlock block;
  ASSERT_TRUE(inbox->read(block, {}, {}));
  EXPECT_EQ(block.events.size(), 1u) << "the rest of the segment before it";
  const auto read = inbox->read(block, {}, {});
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().what.find("missing"), std::string::npos);
}

TEST_F(InboxTest, a_future_version_is_refused_by_name) {
  open();  // so that both copies of the state are there
  put(*open(), {"x"}).value();
  const std::string segment = "box/" + segments().back();
  for (const std::string& path : {segment, std::string("box/state")}) {
    auto file = files_.open(path, OpenMode::write).value();
    std::string head(64, '\0');
    ASSERT_TRUE(file->read(0, head));
    std::string future = head;
    future[8] = 2;
    ASSERT_TRUE(file->write(0, future));
    const auto refused = try_open();
    const auto& text = refused ? std::string() : refused.error().what;
    EXPECT_NE(text.find(path + ": format version 2"), std::string::npos) << text;
    ASSERT_TRUE(file->write(0, head));
  }
  EXPECT_TRUE(try_open());
}

TEST_F(InboxTest, a_clock_that_went_back_does_not_lead_the_generation) {
  const uint64_t before = next_generation(2'000'000'000'000'000, 5, 0);
  EXPECT_GT(next_generation(1'000'000'000'000'000, 5, before), before);
  EXPECT_GT(next_generation(2'000'000'001'000'000, 0, before), before);
}

TEST_F(InboxTest, signals_once_a_sync_and_only_a_reader_that_met_the_end) {
  auto inbox = open();
  TestSignal signal;
  inbox->listen(signal.signal());
  for (int i = 0; i < 3; ++i) {
    inbox->append(request({"a"}), [](const Result<Place>&) {});
  }
  EXPECT_EQ(signal.calls(), 0) << "nothing is synced yet";
  inbox->work();
  EXPECT_EQ(signal.calls(), 1);
  put(*inbox, {"b"}).value();
  EXPECT_EQ(signal.calls(), 1) << "the reader has not answered yet, and sees this too";
  EXPECT_FALSE(get(*inbox, {.events = 1}).read.caught_up);
  put(*inbox, {"c"}).value();
  EXPECT_EQ(signal.calls(), 1) << "a reader that has more reads on by itself";
  EXPECT_TRUE(get(*inbox).read.caught_up);
  put(*inbox, {"d"}).value();
  EXPECT_EQ(signal.calls(), 2);
  EXPECT_TRUE(get(*inbox).read.caught_up);
  fail_all(FileOp::sync, fatal("sync failed").error());
  EXPECT_FALSE(put(*inbox, {"e"}));
  EXPECT_EQ(signal.calls(), 3) << "a broken inbox is told by the next read";
}

TEST_F(InboxTest, a_signal_may_read_at_once) {
  auto inbox = open();
  Got got;
  inbox->listen(Signal([&] { got = get(*inbox); }));
  put(*inbox, {"a"}).value();
  EXPECT_EQ(got.raws, std::vector<std::string>{"a"});
}

TEST_F(InboxTest, says_how_long_the_next_record_waits) {
  auto inbox = open();
  put(*inbox, {"a", "b"}).value();
  const auto behind = get(*inbox, {.events = 1}).read.behind;
  ASSERT_TRUE(behind);
  EXPECT_GT(*behind, 24h) << "records of request() are of 2023";
  EXPECT_EQ(get(*inbox).read.behind, Duration{0});
}

// Else the records before it would count as read, and their end would be committed.
TEST_F(InboxTest, an_error_behind_records_that_are_given_waits_for_the_next_read) {
  auto inbox = open({.segment_bytes = 300});
  for (const char* record : {"a", "b", "c"}) {
    put(*inbox, {record + std::string(300, 'x')}).value();
  }
  get(*inbox, {.events = 1});
  fail_all(FileOp::open, transient("too many open files").error());
  EventBlock block;
  ASSERT_TRUE(inbox->read(block, {}, {}));
  ASSERT_EQ(block.events.size(), 1U);
  EXPECT_TRUE(block.events[0].raw.starts_with("b"));
  EXPECT_EQ(inbox->read(block, {}, {}).error().kind, Error::Kind::transient);
  files_.set_hook({});
  const Got rest = get(*inbox);
  ASSERT_EQ(rest.raws.size(), 1U);
  EXPECT_TRUE(rest.raws[0].starts_with("c"));
}

TEST_F(InboxTest, a_commit_before_any_record_gives_that_record_next) {
  const std::vector<std::string> records = {"a", "b", "c", "d", "e"};
  open();
  put(*open(), {"a", "b"}).value();
  put(*open(), {"c", "d", "e"}).value();
  std::vector<std::string> orders;
  {
    EventBlock block;
    ASSERT_TRUE(open()->read(block, {}, {}));
    for (const Event& event : block.events) {
      orders.emplace_back(event.order);
    }
  }
  ASSERT_EQ(orders.size(), records.size());
  for (size_t i = 0; i < orders.size(); ++i) {
    const Place before = Place::from_order(orders[i] + "00000001")->before();
    ASSERT_TRUE(open()->commit(before.position()));
    EXPECT_EQ(get(*open()).raws,
              std::vector(records.begin() + static_cast<ptrdiff_t>(i), records.end()));
  }
  EXPECT_FALSE(Place::from_order(orders[0].substr(1)));
}

}  // namespace
}  // namespace penstock::inbox
