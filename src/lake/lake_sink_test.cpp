#include "lake/lake_sink.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lake/fake_object_store.h"
#include "testing/test_context.h"

namespace penstock::lake {
namespace {

class RawEncoder final : public Encoder {
  Result<> encode(const Event& event, std::string& out) const override {
    out.append(event.raw);
    return event.raw.starts_with("bad") ? rejected("bad") : Result<>{};
  }
  std::string_view content_type() const override { return "text/plain"; }
};

class LakeSinkTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Sink>> make(const Resume& resume,
                                     Settings settings = {.path = "{stream}"}) {
    Context context = context_.context();
    context.encoder = std::make_shared<RawEncoder>();
    TRY(auto sink, LakeSink::make("fake", std::move(settings),
                                  std::make_unique<FakeObjectStore>(bucket_), context));
    TRY(sink->open(resume, {}));
    return sink;
  }
  static Resume resume(std::string selection = "") {
    return {.pipeline = "p", .sink = "lake", .slots = 1, .selection = std::move(selection)};
  }

  static std::string order_of(uint64_t number) {
    std::string order(8, '\0');
    order[7] = static_cast<char>(number);
    return order;
  }
  // An event that lives as long as the test; number 0: without a durable order.
  const Event* event(uint64_t number, std::string_view text = "", std::string_view stream = "s") {
    Event made;
    made.stream = arena_.copy(stream);
    made.raw = arena_.copy(text.empty() ? "line " + std::to_string(number) : std::string(text));
    made.id = made.raw;
    made.has_raw = true;
    made.order = number == 0 ? "" : arena_.copy(order_of(number));
    events_.push_back(std::make_unique<Event>(made));
    return events_.back().get();
  }
  std::vector<const Event*> events(uint64_t first, uint64_t last) {
    std::vector<const Event*> list;
    for (uint64_t i = first; i <= last; ++i) {
      list.push_back(event(i));
    }
    return list;
  }
  static Result<std::vector<Failure>> write(Sink& sink, std::vector<const Event*> list,
                                            std::string_view part = "part", bool replay = false) {
    Batch batch;
    batch.events = std::move(list);
    batch.part = part;
    batch.replay = replay;
    return sink.write(batch, {});
  }
  static void expect_written(Sink& sink, std::vector<const Event*> list,
                             std::string_view part = "part", bool replay = false) {
    const auto written = write(sink, std::move(list), part, replay);
    ASSERT_TRUE(written) << written.error().what;
    EXPECT_TRUE(written->empty());
  }
  // All lines of the bucket, sorted.
  std::vector<std::string> lines() const {
    std::vector<std::string> found;
    for (const auto& [name, content] : bucket_.objects) {
      for (size_t at = 0; at < content.size(); at = content.find('\n', at) + 1) {
        found.push_back(content.substr(at, content.find('\n', at) - at));
      }
    }
    std::ranges::sort(found);
    return found;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& [name, content] : bucket_.objects) {
      found.push_back(name);
    }
    return found;
  }
  // An object as a version before ADR 0015 named it.
  void put_old(const std::string& folder, const std::string& old_part, uint64_t first,
               uint64_t last) {
    const auto name =
        object_name({old_part, order_of(first), order_of(last)}, "txt", bucket_.name_bytes_max);
    bucket_.objects[folder + "/" + *name] = "old\n";
  }

  FakeBucket bucket_;
  TestContext context_;
  Arena arena_;
  std::vector<std::unique_ptr<Event>> events_;
};

TEST_F(LakeSinkTest, a_restart_writes_what_is_missing_and_nothing_twice) {
  expect_written(**make(resume()), events(1, 4));
  expect_written(**make(resume()), events(3, 6));
  EXPECT_EQ(lines(),
            (std::vector<std::string>{"line 1", "line 2", "line 3", "line 4", "line 5", "line 6"}));
}

TEST_F(LakeSinkTest, a_lost_answer_is_found_by_listing) {
  auto sink = *make(resume());
  bucket_.lost_answers = 1;
  EXPECT_FALSE(write(*sink, events(1, 3)));
  expect_written(*sink, events(1, 3));
  EXPECT_EQ(lines().size(), 3U);
}

TEST_F(LakeSinkTest, what_another_selection_may_have_written_is_refused_and_named) {
  expect_written(**make(resume("narrow")), {event(2), event(8)});
  auto wider = *make(resume("wide"));
  const auto refused = write(*wider, events(1, 9));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Error::Kind::fatal);
  EXPECT_NE(refused.error().what.find(names().front().substr(2)), std::string::npos);
  EXPECT_NE(refused.error().what.find(" in s holds "), std::string::npos) << refused.error().what;
  EXPECT_EQ(lines().size(), 2U);
  // What lies before and behind it is written, and so is all of it where the object is gone.
  expect_written(*wider, {event(1), event(9), event(10)});
  bucket_.objects.clear();
  expect_written(**make(resume("wide")), events(1, 9));
  EXPECT_EQ(lines().size(), 9U);
}

TEST_F(LakeSinkTest, a_path_chooses_too) {
  expect_written(**make(resume(), {.path = "{stream}"}), events(2, 8));
  EXPECT_FALSE(write(**make(resume(), {.path = "{table}"}), {event(5)}));
  expect_written(**make(resume(), {.path = "{table}"}), {event(9)});
}

TEST_F(LakeSinkTest, other_filters_after_a_clean_stop_go_on) {
  expect_written(**make(resume("a")), events(1, 3));
  expect_written(**make(resume("b")), events(4, 6));
  expect_written(**make(resume("b")), events(4, 7));
  EXPECT_EQ(lines().size(), 7U);
}

TEST_F(LakeSinkTest, the_names_of_two_sinks_never_meet) {
  const auto as = [&](std::string pipeline, std::string sink) {
    return *make({.pipeline = std::move(pipeline), .sink = std::move(sink)});
  };
  expect_written(*as("orders", "eu.lake"), events(1, 3));
  expect_written(*as("orders.eu", "lake"), events(1, 3));
  expect_written(*as("orders", "eu"), events(1, 3), "lake.part");
  EXPECT_EQ(lines().size(), 9U);
  for (const auto& name : names()) {
    EXPECT_FALSE(name.starts_with("s/orders.eu.lake.part_") &&
                 name.find("%2E") != std::string::npos);
  }
}

TEST_F(LakeSinkTest, objects_of_an_earlier_version_cover_as_they_did) {
  put_old("s", "p.lake.part", 1, 3);
  expect_written(**make(resume("any")), events(1, 4));
  EXPECT_EQ(lines(), (std::vector<std::string>{"line 4", "old"}));
  // A part whose name was cut and ended in another hash.
  const std::string part(200, 'x');
  put_old("s", old_object_part({.pipeline = "p", .sink = "lake"}, part), 1, 3);
  expect_written(**make(resume("any")), events(2, 5), part);
  EXPECT_EQ(lines(), (std::vector<std::string>{"line 4", "line 4", "line 5", "old", "old"}));
}

TEST_F(LakeSinkTest, old_objects_of_a_name_that_two_sinks_shared_are_refused_not_trusted) {
  put_old("s", "orders.eu.lake.part", 1, 3);
  auto sink = *make({.pipeline = "orders.eu", .sink = "lake"});
  const auto refused = write(*sink, {event(2)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Error::Kind::fatal);
  expect_written(*sink, {event(4)});
}

TEST_F(LakeSinkTest, an_old_folder_of_a_long_value_covers_too) {
  const std::string value(300, 'v');
  std::string old;
  const auto path = *NameTemplate::parse("{stream}");
  ASSERT_TRUE(path.render(*event(1, "", value), old, NameTemplate::Hashes::old));
  put_old(old, "p.lake.part", 1, 3);
  auto sink = *make(resume());
  expect_written(*sink, {event(2, "", value), event(4, "four", value)});
  EXPECT_EQ(lines(), (std::vector<std::string>{"four", "old"}));
}

TEST_F(LakeSinkTest, an_event_goes_to_its_own_folder_whatever_order_key_it_has) {
  auto sink = *make(resume());
  const auto written = write(*sink, {event(1, "a1", "a"), event(2, "bad", "b"), event(3, "b3", "b"),
                                     event(4, "a4", "a"), event(5, "bad", "a")});
  ASSERT_TRUE(written);
  ASSERT_EQ(written->size(), 2U);
  EXPECT_EQ((*written)[0].index, 1U);
  EXPECT_EQ((*written)[1].index, 4U);
  ASSERT_EQ(bucket_.objects.size(), 2U);
  EXPECT_EQ(bucket_.objects.begin()->second, "a1\na4\n");
  EXPECT_EQ(bucket_.objects.rbegin()->second, "b3\n");
  EXPECT_TRUE(names().front().starts_with("a/"));
}

TEST_F(LakeSinkTest, a_batch_that_mixes_durable_orders_and_none_is_two_objects) {
  auto sink = *make(resume());
  const auto mixed = [&] {
    return std::vector{event(1), event(0, "row a"), event(2), event(0, "row b")};
  };
  expect_written(*sink, mixed());
  ASSERT_EQ(bucket_.objects.size(), 2U);
  EXPECT_EQ(bucket_.objects.begin()->second, "line 1\nline 2\n");
  EXPECT_EQ(bucket_.objects.rbegin()->second, "row a\nrow b\n");
  expect_written(**make(resume()), mixed());  // the rows cover nothing
  EXPECT_EQ(bucket_.objects.size(), 3U);
}

TEST_F(LakeSinkTest, a_part_that_goes_back_finds_what_was_forgotten) {
  expect_written(**make(resume()), events(1, 6));
  auto sink = *make(resume());
  expect_written(*sink, events(7, 9));  // the objects before are behind it
  expect_written(*sink, events(4, 8));  // back: those and the one of this run are listed
  EXPECT_EQ(lines().size(), 9U);
}

TEST_F(LakeSinkTest, a_later_run_trusts_nothing_it_knew) {
  auto sink = *make(resume());
  expect_written(*sink, events(1, 3));
  bucket_.objects.clear();
  ASSERT_TRUE(sink->open(resume(), {}));
  expect_written(*sink, events(1, 3));
  EXPECT_EQ(lines().size(), 3U);
}

// As many folders as there are keys, each with many objects of others and of itself.
TEST_F(LakeSinkTest, folders_are_forgotten_when_their_objects_take_too_much_memory) {
  constexpr int kObjects = 12'000;
  for (const std::string folder : {"a", "b"}) {
    for (int i = 0; i < kObjects; ++i) {
      put_old(folder, "p.lake." + std::string(80, 'x') + std::to_string(i), 1, 2);
    }
  }
  auto sink = *make(resume());
  for (uint64_t round = 1; round <= 3; ++round) {
    expect_written(*sink, {event(round, "", "a")});
    expect_written(*sink, {event(round, "", "b")});
  }
  EXPECT_EQ(bucket_.lists, 2);
  for (int i = 0; i < kObjects; ++i) {
    put_old("c", "p.lake." + std::string(80, 'x') + std::to_string(i), 1, 2);
  }
  expect_written(*sink, {event(1, "", "c")});
  expect_written(*sink, {event(4, "", "a")});
  EXPECT_EQ(bucket_.lists, 4);  // a was forgotten for c
}

TEST_F(LakeSinkTest, a_name_that_the_store_cannot_hold_is_an_error) {
  bucket_.name_bytes_max = 40;
  const auto written = write(**make(resume()), events(1, 2));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, Error::Kind::fatal);
}

}  // namespace
}  // namespace penstock::lake
