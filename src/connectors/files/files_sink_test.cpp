#include "connectors/files/files_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "sim/sim_files.h"
#include "testing/test_context.h"

namespace penstock::files {
namespace {

class CopyEncoder final : public Encoder {
  Result<> encode(const Event& event, std::string& out) const override {
    out.append(event.raw);
    if (event.raw == "meanwhile") {
      meanwhile();
    }
    if (event.raw.starts_with("bad")) {
      return rejected("bad");
    }
    return {};
  }
  std::string_view content_type() const override { return "text/plain"; }

 public:
  std::function<void()> meanwhile;  // what another slot does in the middle of a write
};

class FilesSinkTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Sink>> make(FilesSink::Settings settings = {.path = "/lake/{stream}"},
                                     std::string name = "files", std::string pipeline = "p") {
    Context context = context_.with(disk_);
    context.encoder = encoder_;
    TRY(auto sink, FilesSink::make(std::move(settings), context));
    TRY(sink->open({.pipeline = std::move(pipeline), .sink = std::move(name), .slots = 2}, {}));
    return sink;
  }

  // An event that lives as long as the test.
  const Event* event(std::string_view stream, uint64_t number, std::string_view raw = "") {
    Event made;
    const std::string text = "line " + std::to_string(number);
    made.stream = arena_.copy(stream);
    made.id = arena_.copy(text);
    made.raw = arena_.copy(raw.empty() ? text : raw);
    made.has_raw = true;
    std::string order;
    for (int shift = 56; shift >= 0; shift -= 8) {
      order.push_back(static_cast<char>(number >> shift));
    }
    made.order = arena_.copy(order);
    events_.push_back(std::make_unique<Event>(made));
    return events_.back().get();
  }
  std::vector<const Event*> events(std::string_view stream, uint64_t first, uint64_t last) {
    std::vector<const Event*> list;
    for (uint64_t i = first; i <= last; ++i) {
      list.push_back(event(stream, i));
    }
    return list;
  }
  static Result<std::vector<Failure>> write(Sink& sink, std::vector<const Event*> list,
                                            std::string_view part = "part", bool replay = false,
                                            uint32_t slot = 0) {
    Batch batch;
    batch.slot = slot;
    batch.events = std::move(list);
    batch.part = part;
    batch.replay = replay;
    return sink.write(batch, {});
  }
  void expect_written(Sink& sink, std::vector<const Event*> list, std::string_view part = "part",
                      bool replay = false) {
    const auto written = write(sink, std::move(list), part, replay);
    ASSERT_TRUE(written) << written.error().what;
    EXPECT_TRUE(written->empty());
  }

  std::vector<std::string> names(const std::string& folder) { return *disk_.list(folder); }
  std::string content(const std::string& path) {
    auto file = disk_.open(path, OpenMode::read);
    EXPECT_TRUE(file) << path;
    std::string bytes((*file)->info()->size, '\0');
    EXPECT_TRUE((*file)->read(0, bytes));
    return bytes;
  }
  // The lines of all objects of a folder, in the order of the names.
  std::vector<std::string> lines(const std::string& folder) {
    std::vector<std::string> found;
    for (const std::string& name : names(folder)) {
      const std::string text = content(folder + "/" + name);
      for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('\n', at);
        found.push_back(text.substr(at, end - at));
        at = end == std::string::npos ? text.size() : end + 1;
      }
    }
    return found;
  }
  static std::vector<std::string> numbered(uint64_t first, uint64_t last) {
    std::vector<std::string> list;
    for (uint64_t i = first; i <= last; ++i) {
      list.push_back("line " + std::to_string(i));
    }
    return list;
  }

  std::shared_ptr<CopyEncoder> encoder_ = std::make_shared<CopyEncoder>();
  sim::SimFiles disk_;
  TestContext context_;
  Arena arena_;
  std::vector<std::unique_ptr<Event>> events_;
};

TEST_F(FilesSinkTest, a_restart_with_other_batches_writes_what_is_missing_and_nothing_twice) {
  {
    auto sink = *make();
    expect_written(*sink, events("s", 1, 4));
    expect_written(*sink, events("s", 7, 9));
  }
  auto sink = *make();
  expect_written(*sink, events("s", 1, 12));
  expect_written(*sink, events("s", 13, 14));
  std::vector<std::string> found = lines("/lake/s");
  EXPECT_EQ(found, numbered(1, 14));
  EXPECT_EQ(names("/lake/s").size(), 5U);
}

TEST_F(FilesSinkTest, another_part_or_another_sink_covers_nothing) {
  expect_written(**make(), events("s", 1, 3), "a");
  expect_written(**make(), events("s", 1, 3), "b");
  expect_written(**make({.path = "/lake/{stream}"}, "second"), events("s", 1, 3), "a");
  EXPECT_EQ(lines("/lake/s").size(), 9U);
  expect_written(**make(), events("s", 1, 3), "b");
  EXPECT_EQ(lines("/lake/s").size(), 9U);
}

TEST_F(FilesSinkTest, an_object_never_spans_a_rejected_event) {
  auto sink = *make();
  const auto written = write(*sink, {event("s", 1), event("s", 2, "bad"), event("s", 3)});
  ASSERT_TRUE(written);
  ASSERT_EQ(written->size(), 1U);
  EXPECT_EQ(written->front().index, 1U);
  EXPECT_EQ(names("/lake/s").size(), 2U);
  EXPECT_EQ(lines("/lake/s"), (std::vector<std::string>{"line 1", "line 3"}));
  // After a crash before the dead letter was durable it comes again, and must be rejected again.
  auto next = *make();
  const auto again = write(*next, {event("s", 1), event("s", 2, "bad"), event("s", 3)});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->size(), 1U);
  EXPECT_EQ(names("/lake/s").size(), 2U);
}

TEST_F(FilesSinkTest, replayed_events_are_written_once_and_never_skipped) {
  auto sink = *make();
  expect_written(*sink, events("s", 1, 9));
  expect_written(*sink, {event("s", 5)}, "part", true);
  EXPECT_EQ(lines("/lake/s").size(), 10U);
  expect_written(*sink, {event("s", 5)}, "part", true);  // its answer was lost
  EXPECT_EQ(lines("/lake/s").size(), 10U);
  expect_written(*sink, {event("s", 6, "line 5")}, "part", true);  // the same bytes, another event
  EXPECT_EQ(lines("/lake/s").size(), 11U);
}

TEST_F(FilesSinkTest, a_source_without_durable_order_gets_names_of_their_own) {
  const auto without_order = [&] {
    std::vector<const Event*> list;
    for (const Event* one : events("s", 1, 2)) {
      events_.push_back(std::make_unique<Event>(*one));
      events_.back()->order = {};
      list.push_back(events_.back().get());
    }
    return list;
  };
  auto sink = *make();
  expect_written(*sink, without_order());
  expect_written(*sink, without_order());
  expect_written(**make(), without_order());
  EXPECT_EQ(lines("/lake/s").size(), 6U);
}

TEST_F(FilesSinkTest, an_error_loses_nothing_and_a_retry_writes_nothing_twice) {
  const auto list = [&] { return events("s", 1, 3); };
  {
    auto probe = *make();
    expect_written(*probe, list());
  }
  const uint64_t operations = disk_.operations();
  for (uint64_t i = 0; i < operations; ++i) {
    sim::SimFiles fresh;
    Context context = context_.with(fresh);
    context.encoder = encoder_;
    auto sink = *FilesSink::make({.path = "/lake/{stream}"}, context);
    bool failed = false;
    fresh.set_hook([&](const sim::FileOperation& operation) -> std::optional<sim::FileFault> {
      if (failed || operation.index != i) {
        return std::nullopt;
      }
      failed = true;
      return sim::FileFault{{Error::Kind::transient, "full", std::nullopt}, 1};
    });
    while (!sink->open({.pipeline = "p", .sink = "files", .slots = 2}, {})) {
    }
    uint32_t slot = 0;
    while (!write(*sink, list(), "part", false, slot)) {
      slot ^= 1;
    }
    ASSERT_TRUE(write(*sink, list(), "part", false, slot ^ 1));
    const auto found = *fresh.list("/lake/s");
    EXPECT_EQ(std::ranges::count_if(found, [](const auto& name) { return name[0] != '.'; }), 1);
  }
}

// Crash at every operation, of the process and of the machine, then again, and replay from the
// start: each event is there exactly once, whatever the batches are.
TEST_F(FilesSinkTest, after_crashes_anywhere_every_event_is_there_exactly_once) {
  const auto run = [&](sim::SimFiles& disk, uint64_t batch_size) {
    Context context = context_.with(disk);
    context.encoder = encoder_;
    auto sink = *FilesSink::make({.path = "/lake/{stream}"}, context);
    if (!sink->open({.pipeline = "p", .sink = "files", .slots = 2}, {})) {
      return uint64_t{0};
    }
    for (uint64_t first = 1; first <= 12; first += batch_size) {
      if (!write(*sink, events("s", first, std::min<uint64_t>(12, first + batch_size - 1)))) {
        return first - 1;
      }
    }
    return uint64_t{12};
  };
  Random random(7);
  for (uint64_t at = 0;; ++at) {
    disk_.~SimFiles();
    new (&disk_) sim::SimFiles();
    disk_.die_at(at);
    const uint64_t durable = run(disk_, 4);
    if (durable == 12) {
      break;
    }
    for (int crash = 0; crash < 3; ++crash) {
      random.chance(0.4)   ? disk_.crash_process()
      : random.chance(0.3) ? disk_.crash_machine_forgetting_all()
                           : disk_.crash_machine(random);
      // What was reported as durable is there.
      const auto found = lines("/lake/s");
      for (const std::string& line : numbered(1, durable)) {
        EXPECT_EQ(std::ranges::count(found, line), 1) << "crash at " << at;
      }
      disk_.die_at(disk_.operations() + random.below(20));
      run(disk_, 1 + random.below(6));
    }
    disk_.crash_machine(random);
    ASSERT_EQ(run(disk_, 5), 12U);
    disk_.crash_machine_forgetting_all();
    EXPECT_EQ(lines("/lake/s"), numbered(1, 12)) << "crash at " << at;
    for (const std::string& name : names("/lake/s")) {
      EXPECT_FALSE(name.starts_with('.'));
    }
  }
}

TEST_F(FilesSinkTest, a_name_that_is_found_is_durable_before_it_counts) {
  expect_written(**make(), events("s", 1, 3));
  const uint64_t last = disk_.operations() - 1;  // the sync of the folder, after the rename
  disk_.~SimFiles();
  new (&disk_) sim::SimFiles();
  disk_.die_at(last);
  EXPECT_FALSE(write(**make(), events("s", 1, 3)));
  disk_.crash_process();
  expect_written(**make(), events("s", 1, 3));
  disk_.crash_machine_forgetting_all();
  EXPECT_EQ(lines("/lake/s"), numbered(1, 3));
}

TEST_F(FilesSinkTest, a_bounded_number_of_folders_is_remembered) {
  auto sink = *make({.path = "/lake/{stream}", .folders_max = 2});
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 8; ++i) {
      const auto number = static_cast<uint64_t>(round + 1);
      expect_written(*sink, events("s" + std::to_string(i), number, number));
    }
  }
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(lines("/lake/s" + std::to_string(i)), numbered(1, 3));
  }
}

TEST_F(FilesSinkTest, a_part_that_joins_a_folder_leaves_the_object_of_another_slot_alone) {
  auto sink = *make();
  const std::string large(size_t{8} << 20, 'x');
  encoder_->meanwhile = [&] {
    const auto written = write(*sink, events("s", 1, 3), "other", false, 1);
    EXPECT_TRUE(written) << written.error().what;
  };
  expect_written(*sink, {event("s", 1, large), event("s", 2, "meanwhile"), event("s", 3)});
  EXPECT_EQ(lines("/lake/s").size(), 6U);
}

// A half object of a sink is taken away by that sink only, however near the other's name is.
TEST_F(FilesSinkTest, half_objects_are_taken_away_by_their_own_sink) {
  const auto crash_in_a_write = [&](std::string pipeline, std::string name) {
    auto sink = *make({.path = "/lake/{stream}"}, std::move(name), std::move(pipeline));
    const std::string large(size_t{1} << 20, 'x');
    encoder_->meanwhile = [&] { disk_.die_at(disk_.operations()); };
    EXPECT_FALSE(write(*sink, {event("s", 1, large), event("s", 2, "meanwhile")}));
    disk_.crash_process();
  };
  crash_in_a_write("orders", "eu.lake");
  ASSERT_EQ(names("/lake/s").size(), 1U);
  expect_written(**make({.path = "/lake/{stream}"}, "lake", "orders.eu"), events("s", 1, 1));
  EXPECT_EQ(names("/lake/s").size(), 2U);
  expect_written(**make({.path = "/lake/{stream}"}, "eu.lake", "orders"), events("s", 1, 1));
  for (const auto& name : names("/lake/s")) {
    EXPECT_FALSE(name.starts_with('.')) << name;
  }
}

TEST_F(FilesSinkTest, half_objects_of_an_earlier_version_are_taken_away) {
  const std::string old = fmt::format("/lake/s/.penstock-{:016x}-5f-0", hash64("p.files."));
  ASSERT_TRUE(disk_.make_folders("/lake/s"));
  ASSERT_TRUE(disk_.open(old, OpenMode::write));
  expect_written(**make(), events("s", 1, 1));
  EXPECT_EQ(names("/lake/s").size(), 1U);
}

TEST_F(FilesSinkTest, the_order_key_is_the_folder) {
  auto sink = *make();
  EXPECT_EQ(*sink->order_key(*event("a", 1)), *sink->order_key(*event("a", 2)));
  EXPECT_NE(*sink->order_key(*event("a", 1)), *sink->order_key(*event("b", 1)));
}

}  // namespace
}  // namespace penstock::files
