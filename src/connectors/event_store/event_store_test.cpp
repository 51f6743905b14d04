#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "connectors/event_store/sink.h"
#include "connectors/event_store/source.h"
#include "connectors/event_store/stored_event.h"
#include "doc/bson.h"
#include "doc/json.h"
#include "testing/helper_process.h"
#include "testing/test_context.h"

namespace penstock::event_store {
namespace {

constexpr int kEach = 50;  // rows of a writer

// A process that writes rows whose ids begin with the argument's first letter; behind it the path.
int write_rows(const std::string& argument) {
  TestContext context;
  const auto sink = EventStoreSink::make({.path = argument.substr(1)}, context.context());
  if (!sink || !(*sink)->open({}, {})) {
    return 1;
  }
  for (int i = 0; i < kEach; ++i) {
    const std::string id = argument.substr(0, 1) + std::to_string(i);
    Event event;
    event.id = id;
    event.stream = "orders";
    event.raw = id;
    event.has_raw = true;
    Batch batch;
    batch.events.push_back(&event);
    const auto written = (*sink)->write(batch, {});
    if (!written || !written->empty()) {
      return 1;
    }
  }
  return 0;
}
[[maybe_unused]] const bool kWriter = HelperProcess::add_role("store_writer", write_rows);

class EventStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "penstock_store_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/events.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Sink> sink() {
    Result<std::unique_ptr<Sink>> sink = EventStoreSink::make({.path = path_}, context());
    EXPECT_TRUE(sink);
    const Result<> opened = (*sink)->open({}, {});
    EXPECT_TRUE(opened) << opened.error().what;
    return *std::move(sink);
  }
  std::unique_ptr<Source> source(const std::string& start = "earliest") {
    return *EventStoreSource::make({.path = path_, .start = start}, context());
  }
  std::unique_ptr<Reader> reader(const std::optional<Position>& position = std::nullopt) {
    Result<std::unique_ptr<Reader>> reader = source()->open({"events"}, position, {}, {});
    EXPECT_TRUE(reader) << reader.error().what;
    return reader ? *std::move(reader) : nullptr;
  }
  // The error of opening there.
  Error open_error(const Position& position) {
    const auto reader = source()->open({"events"}, position, {}, {});
    EXPECT_FALSE(reader);
    return reader ? Error{} : reader.error();
  }

  Event message(std::string_view id, std::string_view data) {
    Event event;
    event.id = arena_.copy(id);
    event.stream = "orders";
    event.raw = arena_.copy(data);
    event.has_raw = true;
    event.at = {1'700'000'000'123'456};
    return event;
  }
  static Result<std::vector<Failure>> write(Sink& sink, const std::vector<Event>& events) {
    Batch batch;
    for (const Event& event : events) {
      batch.events.push_back(&event);
    }
    return sink.write(batch, {});
  }
  void put(Sink& sink, std::string_view id, std::string_view data) {
    const auto written = write(sink, {message(id, data)});
    ASSERT_TRUE(written) << written.error().what;
    ASSERT_TRUE(written->empty()) << written->front().error.what;
  }
  // "id=data" of all that is there to read.
  static std::vector<std::string> drain(Reader& reader) {
    std::vector<std::string> found;
    while (true) {
      EventBlock block;
      const Result<Read> read = reader.read(block, {.events = 3}, {});
      EXPECT_TRUE(read) << read.error().what;
      if (!read) {
        return found;
      }
      for (const Event& event : block.events) {
        found.push_back(std::string(event.id) + "=" + std::string(event.raw));
      }
      if (read->caught_up) {
        return found;
      }
    }
  }
  using Lines = std::vector<std::string>;

  Context context() { return context_.with(files_); }

  TestContext context_;
  SystemFiles files_;
  Arena arena_;
  std::string folder_, path_;
};

TEST_F(EventStoreTest, what_is_written_is_read_in_order) {
  auto to = sink();
  for (int i = 0; i < 10; ++i) {
    put(*to, "id" + std::to_string(i), "data" + std::to_string(i));
  }
  const Lines lines = drain(*reader());
  ASSERT_EQ(lines.size(), 10U);
  EXPECT_EQ(lines.front(), "id0=data0");
  EXPECT_EQ(lines.back(), "id9=data9");
}

TEST_F(EventStoreTest, events_without_a_key_are_ordered_by_their_stream) {
  const auto to = sink();
  Event other = message("3", "c");
  other.stream = "users";
  const OrderKey stream = *to->order_key(message("1", "a"));
  EXPECT_FALSE(stream.is_zero());
  EXPECT_EQ(stream, *to->order_key(message("2", "b")));
  EXPECT_NE(stream, *to->order_key(other));
  other.order_key = {7, 7};
  EXPECT_EQ(*to->order_key(other), (OrderKey{7, 7}));
}

TEST_F(EventStoreTest, a_reader_goes_on_after_its_position_and_sees_what_comes_later) {
  auto to = sink();
  put(*to, "a", "1");
  auto one = reader();
  EventBlock block;
  const auto read = one->read(block, {}, {});
  ASSERT_TRUE(read);
  EXPECT_EQ(drain(*one), Lines{});
  put(*to, "b", "2");
  EXPECT_EQ(drain(*one), Lines{"b=2"});
  EXPECT_EQ(drain(*reader(read->position)), Lines{"b=2"});
  EXPECT_EQ(drain(*reader()), (Lines{"a=1", "b=2"}));
}

TEST_F(EventStoreTest, the_position_before_a_row_gives_that_row_first) {
  auto to = sink();
  for (int i = 0; i < 5; ++i) {
    put(*to, "id" + std::to_string(i), "data");
  }
  EventBlock block;
  const Position end = reader()->read(block, {}, {}).value().position;
  const auto from = source();
  for (size_t i = 0; i < 5; ++i) {
    for (const char* copy : {"", "00000001"}) {
      const std::string order = std::string(block.events[i].order) + copy;
      const auto before = from->position_before(end, order);
      ASSERT_TRUE(before);
      const Lines rest = drain(*reader(before));
      ASSERT_EQ(rest.size(), 5 - i);
      EXPECT_EQ(rest.front(), "id" + std::to_string(i) + "=data");
    }
  }
  EXPECT_FALSE(from->position_before(end, "short"));
  EXPECT_FALSE(from->position_before(end, std::string(16, 'x'))) << "another store's row";
}

TEST_F(EventStoreTest, start_latest_begins_behind_what_is_stored) {
  auto to = sink();
  put(*to, "a", "1");
  auto latest = *source("latest")->open({"events"}, std::nullopt, {}, {});
  put(*to, "b", "2");
  EXPECT_EQ(drain(*latest), Lines{"b=2"});
}

TEST_F(EventStoreTest, after_a_lost_position_the_engine_says_where_to_begin) {
  auto to = sink();
  put(*to, "a", "1");
  EXPECT_EQ(
      drain(**source("latest")->open({"events", Part::Start::earliest}, std::nullopt, {}, {})),
      Lines{"a=1"});
  auto latest = *source("earliest")->open({"events", Part::Start::latest}, std::nullopt, {}, {});
  put(*to, "b", "2");
  EXPECT_EQ(drain(*latest), Lines{"b=2"});
}

TEST_F(EventStoreTest, events_carry_the_row_and_nest_json_data) {
  auto to = sink();
  put(*to, "a", R"({"n":1,"t":"é"})");
  put(*to, "b", "[1,2]");
  put(*to, "c", "\xff\x00\x01");
  auto from = reader();
  EventBlock block;
  ASSERT_TRUE(from->read(block, {}, {}));
  ASSERT_EQ(block.events.size(), 3U);
  const Event& event = block.events[0];
  EXPECT_EQ(event.op, Op::insert);
  EXPECT_EQ(event.stream, "orders");
  EXPECT_EQ(event.at, (Timestamp{1'700'000'000'123'456}));
  EXPECT_LT(event.order, block.events[1].order);
  std::string json;
  doc::append_json(event.key, json);
  EXPECT_EQ(json, R"({"id":"a"})");
  json.clear();
  doc::append_json(event.after, json);
  EXPECT_EQ(json, R"({"stream":"orders","sequence":1,"id":"a","at":"2023-11-14T22:13:20.123456Z",)"
                  R"("type":"message","data":{"n":1,"t":"é"}})");
  EXPECT_EQ(doc::find(block.events[1].after, "data")->as_string(), "[1,2]");
  EXPECT_EQ(doc::find(block.events[2].after, "data")->type, doc::Type::binary);
}

TEST_F(EventStoreTest, a_repeat_is_a_success_and_changes_nothing) {
  auto to = sink();
  put(*to, "a", "1");
  put(*to, "a", "1");
  const auto twice = write(*to, {message("b", "2"), message("b", "2"), message("a", "1")});
  ASSERT_TRUE(twice);
  EXPECT_TRUE(twice->empty());
  EXPECT_EQ(drain(*reader()), (Lines{"a=1", "b=2"}));
}

TEST_F(EventStoreTest, the_same_id_with_other_bytes_is_rejected_alone) {
  auto to = sink();
  put(*to, "a", "1");
  const auto written = write(*to, {message("x", "0"), message("a", "2"), message("y", "0")});
  ASSERT_TRUE(written);
  ASSERT_EQ(written->size(), 1U);
  EXPECT_EQ(written->front().index, 1U);
  EXPECT_EQ(written->front().error.kind, Error::Kind::rejected);
  EXPECT_NE(written->front().error.what.find("id a is stored already"), std::string::npos);
  EXPECT_EQ(drain(*reader()), (Lines{"a=1", "x=0", "y=0"}));
}

TEST_F(EventStoreTest, the_same_id_in_another_stream_is_rejected) {
  auto to = sink();
  put(*to, "a", "1");
  Event other = message("a", "1");
  other.stream = "customers";
  const auto written = write(*to, {other});
  ASSERT_TRUE(written);
  EXPECT_EQ(written->size(), 1U);
}

TEST_F(EventStoreTest, an_event_without_an_id_is_rejected) {
  auto to = sink();
  const auto written = write(*to, {message("", "1")});
  ASSERT_TRUE(written);
  EXPECT_EQ(written->size(), 1U);
}

TEST_F(EventStoreTest, an_event_without_bytes_is_stored_as_the_json_of_its_document) {
  auto to = sink();
  Event event = message("a", "");
  event.has_raw = false;
  event.op = Op::update;
  doc::BsonWriter after(arena_);
  after.int32("n", 7);
  event.after = after.finish();
  ASSERT_TRUE(write(*to, {event}));
  auto from = reader();
  EventBlock block;
  ASSERT_TRUE(from->read(block, {}, {}));
  EXPECT_EQ(block.events[0].raw, R"({"n":7})");
  EXPECT_EQ(doc::find(block.events[0].after, "type")->as_string(), "update");
}

TEST_F(EventStoreTest, sequences_are_not_given_again_after_rows_were_deleted) {
  auto to = sink();
  put(*to, "a", "1");
  put(*to, "b", "2");
  auto from = reader();
  drain(*from);
  {
    auto store = Store::open(files_, path_, {});
    ASSERT_TRUE(store->database->execute("DELETE FROM events"));
  }
  put(*to, "c", "3");
  EXPECT_EQ(drain(*from), Lines{"c=3"});
}

TEST_F(EventStoreTest, a_store_deleted_under_its_writer_is_noticed) {
  auto to = sink();
  put(*to, "a", "1");
  std::filesystem::remove(path_);
  const auto written = write(*to, {message("b", "2")});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, Error::Kind::fatal);
  EXPECT_NE(written.error().what.find("deleted or replaced"), std::string::npos);
}

TEST_F(EventStoreTest, a_store_deleted_replaced_or_cut_under_its_reader_is_a_lost_position) {
  put(*sink(), "a", "1");
  auto from = reader();
  drain(*from);
  EventBlock block;
  std::filesystem::rename(path_, path_ + ".old");
  auto read = from->read(block, {}, {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, Error::Kind::lost_position);
  put(*sink(), "b", "2");
  read = from->read(block, {}, {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, Error::Kind::lost_position);

  auto second = reader();
  drain(*second);
  std::filesystem::resize_file(path_, 0);
  read = second->read(block, {}, {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, Error::Kind::lost_position);
  EXPECT_NE(read.error().what.find("shrank"), std::string::npos) << read.error().what;
}

TEST_F(EventStoreTest, a_position_of_another_store_is_lost) {
  put(*sink(), "a", "1");
  EventBlock block;
  const Position position = reader()->read(block, {}, {})->position;
  std::filesystem::remove(path_);
  EXPECT_EQ(open_error(position).kind, Error::Kind::lost_position);
  EXPECT_FALSE(std::filesystem::exists(path_)) << "a lost store is not made anew in silence";
  put(*sink(), "a", "1");
  const Error error = open_error(position);
  EXPECT_EQ(error.kind, Error::Kind::lost_position);
  EXPECT_NE(error.what.find("another store"), std::string::npos) << error.what;
}

// The sequences of two stores repeat, and a lake tells by the orders what it holds already.
TEST_F(EventStoreTest, orders_tell_stores_apart) {
  const auto orders = [&] {
    EventBlock block;
    EXPECT_TRUE(reader()->read(block, {}, {}));
    EXPECT_LT(block.events.at(0).order, block.events.at(1).order);
    const size_t generation = source()->traits().generation_bytes;
    EXPECT_EQ(block.events.at(0).order.substr(0, generation),
              block.events.at(1).order.substr(0, generation));
    return std::vector{std::string(block.events[0].order), std::string(block.events[1].order)};
  };
  const auto two = [&] {
    const auto to = sink();
    put(*to, "a", "1");
    put(*to, "b", "2");
  };
  two();
  const auto first = orders();
  EXPECT_EQ(orders(), first);
  std::filesystem::remove(path_);
  two();
  const auto second = orders();
  EXPECT_TRUE(first.back() < second.front() || second.back() < first.front());
}

TEST_F(EventStoreTest, a_position_behind_the_end_of_an_older_copy_is_lost) {
  {
    put(*sink(), "a", "1");
  }
  std::filesystem::copy(path_, path_ + ".copy");
  {
    put(*sink(), "b", "2");
  }
  EventBlock block;
  const Position position = reader()->read(block, {}, {})->position;
  std::filesystem::rename(path_ + ".copy", path_);
  EXPECT_EQ(open_error(position).kind, Error::Kind::lost_position);
}

TEST_F(EventStoreTest, unreadable_positions_are_lost_positions) {
  sink();
  const std::string identity(32, 'a');
  for (const std::string& position :
       {std::string(), std::string("1/"), std::string("nonsense"), "2/" + identity + "/1",
        "1/" + identity + "/", "1/" + identity + "/x", "1/" + identity + "/-1",
        "1/" + identity + "/99999999999999999999", "1/" + identity}) {
    EXPECT_EQ(open_error(position).kind, Error::Kind::lost_position) << position;
  }
}

TEST_F(EventStoreTest, a_later_version_is_refused_by_name) {
  sink();
  {
    auto store = Store::open(files_, path_, {});
    ASSERT_TRUE(store->database->execute("PRAGMA user_version=2"));
  }
  const auto from = source()->open({"events"}, std::nullopt, {}, {});
  ASSERT_FALSE(from);
  EXPECT_EQ(from.error().kind, Error::Kind::fatal);
  EXPECT_NE(from.error().what.find("version 2"), std::string::npos) << from.error().what;
}

TEST_F(EventStoreTest, a_damaged_page_is_an_error_and_not_an_end) {
  {
    auto to = sink();
    for (int i = 0; i < 100; ++i) {
      put(*to, std::to_string(i), std::string(1000, 'x'));
    }
  }
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5 * 8192);
    file << std::string(5 * 8192, '\x5a');
  }
  auto from = source()->open({"events"}, std::nullopt, {}, {});
  Result<Read> read = Read{};
  EventBlock block;
  while (from && read && !read->caught_up) {
    read = (*from)->read(block, {}, {});
  }
  ASSERT_TRUE(!from || !read);
  const Error& error = from ? read.error() : from.error();
  EXPECT_EQ(error.kind, Error::Kind::fatal);
  EXPECT_NE(error.what.find("damaged"), std::string::npos) << error.what;
}

TEST_F(EventStoreTest, two_processes_write_and_one_reads_all_in_commit_order) {
  HelperProcess x("store_writer", "x" + path_);
  HelperProcess y("store_writer", "y" + path_);
  auto from = reader();
  Lines all;
  for (bool ended = false; !ended;) {
    ended = x.ended() && y.ended();  // before what is the last look then
    const Lines more = drain(*from);
    all.insert(all.end(), more.begin(), more.end());
  }
  EXPECT_EQ(x.wait(), 0);
  EXPECT_EQ(y.wait(), 0);
  EXPECT_EQ(all, drain(*reader()));
  EXPECT_EQ(all.size(), 2U * kEach);
}

TEST(StoredAt, reads_what_the_sink_writes_and_nothing_else) {
  EXPECT_EQ(parse_stored_at(to_iso8601({1'700'000'000'123'456})),
            (Timestamp{1'700'000'000'123'456}));
  EXPECT_EQ(parse_stored_at(to_iso8601({-1})), (Timestamp{-1}));
  EXPECT_FALSE(parse_stored_at("2023-13-14T22:13:20.123456Z"));
  EXPECT_FALSE(parse_stored_at("yesterday"));
}

}  // namespace
}  // namespace penstock::event_store
