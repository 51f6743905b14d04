// The runner with its real threads, around a source and sinks in memory. Nothing here depends on
// how long something takes: what must happen is waited for, what must not is made impossible.
#include "engine/runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

namespace penstock::engine {
namespace {

constexpr Duration kLong = 60s;  // never reached unless something hangs

// What the components did; they are called by the runner's threads.
struct Seen {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::multiset<std::string> delivered;
  uint32_t writing = 0, reads = 0, saves = 0, releases = 0, readers = 0;
  uint32_t asking = 0, most_asking = 0, questions = 0;  // in parts() and open()
  uint32_t more_events = 0;                             // than the script's, by now
  std::map<std::string, Position> saved, committed;
  std::map<std::string, Signal> signals;

  // Waits for what the test expects; false when it does not come, or when told to end.
  bool wait(std::stop_token stop, const std::function<bool()>& expected) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::move(stop), kLong, expected);
  }
  Result<> note(const std::function<void()>& what) {
    const std::scoped_lock lock(mutex);
    what();
    changed.notify_all();
    return {};
  }
};

struct Script {                      // what the components do; set before the start
  uint32_t parts = 1, events = 100;  // of each part
  bool ends = true;
  std::string ending_part = {};  // ends though the others do not
  uint32_t failing_reads = 0, failing_saves = 0;
  std::function<Result<std::vector<Failure>>(const Batch&, Stop)> write = [](const Batch&, Stop) {
    return std::vector<Failure>{};
  };
  std::function<void(uint32_t reads, Stop)> before_read = [](uint32_t, Stop) {};
  std::function<void(Stop)> before_save = [](Stop) {};
};

class MemoryReader final : public Reader {
 public:
  MemoryReader(Seen& seen, const Script& script, std::string part)
      : seen_(seen), script_(script), part_(std::move(part)) {
    seen_.note([&] { ++seen_.readers; });
  }
  ~MemoryReader() override {
    seen_.note([&] { --seen_.readers; });
  }
  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override {
    uint32_t reads = 0, events = script_.events;
    seen_.note([&] {
      reads = ++seen_.reads;
      events += seen_.more_events;
    });
    script_.before_read(reads, std::move(stop));
    if (reads <= script_.failing_reads) {
      return transient("not reachable");
    }
    for (uint32_t i = 0; i < limits.events && next_ < events; ++i) {
      Event event;
      event.id = block.arena.copy(part_ + "/" + std::to_string(next_++));
      block.events.push_back(event);
    }
    const bool all = next_ == events;
    return Read{std::to_string(next_), all, all && (script_.ends || part_ == script_.ending_part)};
  }
  Result<> commit(const Position& position, Stop) override {
    return seen_.note([&] { seen_.committed[part_] = position; });
  }

 private:
  Seen& seen_;
  const Script& script_;
  std::string part_;
  uint32_t next_ = 0;
};

class MemorySource final : public Source {
 public:
  MemorySource(Seen& seen, const Script& script) : seen_(seen), script_(script) {}
  SourceTraits traits() const override { return {}; }
  std::string fingerprint() const override { return "memory"; }
  Result<std::vector<Part>> parts(const Checkpoint&, Stop) override {
    ask();
    std::vector<Part> parts;
    for (uint32_t i = 0; i < script_.parts; ++i) {
      parts.push_back({.id = "p" + std::to_string(i)});
    }
    return parts;
  }
  Result<std::unique_ptr<Reader>> open(const Part& part, const std::optional<Position>&,
                                       Signal signal, Stop) override {
    ask();
    seen_.note([&] { seen_.signals[part.id] = std::move(signal); });
    return std::make_unique<MemoryReader>(seen_, script_, part.id);
  }

 private:
  // In parts() and open(): whoever asks stays a moment, so that another would meet it.
  void ask() {
    std::unique_lock lock(seen_.mutex);
    ++seen_.questions;
    seen_.most_asking = std::max(seen_.most_asking, ++seen_.asking);
    seen_.changed.notify_all();
    seen_.changed.wait_for(lock, 1ms, [this] { return seen_.asking > 1; });
    --seen_.asking;
  }

  Seen& seen_;
  const Script& script_;
};

class MemorySink final : public Sink {
 public:
  MemorySink(Seen& seen, const Script& script) : seen_(seen), script_(script) {}
  SinkTraits traits() const override { return {}; }
  Result<> open(const Resume&, Stop) override { return {}; }
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override {
    seen_.note([&] { ++seen_.writing; });
    Result<std::vector<Failure>> result = script_.write(batch, std::move(stop));
    seen_.note([&] {
      --seen_.writing;
      for (const Event* event : batch.events) {
        if (result) {
          seen_.delivered.emplace(event->id);
        }
      }
    });
    return result;
  }

 private:
  Seen& seen_;
  const Script& script_;
};

class MemoryStore final : public CheckpointStore {
 public:
  MemoryStore(Seen& seen, const Script& script) : seen_(seen), script_(script) {}
  Result<Lease> lease(Stop) override { return Lease{}; }
  Result<std::optional<Checkpoint>> load(Stop) override { return std::nullopt; }
  Result<> save(const Changes& changes, Stop stop) override {
    uint32_t saves = 0;
    seen_.note([&] { saves = ++seen_.saves; });
    script_.before_save(std::move(stop));
    if (saves <= script_.failing_saves) {
      return transient("no answer");
    }
    return seen_.note([&] {
      for (const auto& [part, position] : changes.positions) {
        seen_.saved[part] = position;
      }
    });
  }
  Result<> release(Stop) override {
    return seen_.note([&] { ++seen_.releases; });
  }

 private:
  Seen& seen_;
  const Script& script_;
};

size_t threads_now() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

// No time passes: what is to happen later never does.
class FrozenClock final : public Clock {
 public:
  Instant now() override { return {Duration{1h}}; }
  Timestamp wall() override { return {1}; }
};

struct RunnerTest : testing::Test {
  RunnerTest() {
    const RetryPolicy soon{.attempts = {}, .give_up_after = {}, .initial = 1ms, .max = 1ms};
    spec.name = "relay";
    spec.source_name = "memory";
    spec.has_checkpoint = true;
    spec.source_retry = spec.store_retry = soon;
    spec.limits.read_events = 7;
    SinkSpec sink;
    sink.name = "out";
    sink.batch_events = 5;
    sink.lanes = 4;
    sink.retry = soon;
    spec.sinks = {sink};
  }
  void start() { start(clock); }
  void start(Clock& its_clock) {
    Assembly assembly;
    assembly.spec = spec;
    assembly.source = std::make_unique<MemorySource>(seen, script);
    assembly.sinks.emplace_back().sink = std::make_unique<MemorySink>(seen, script);
    assembly.checkpoint = std::make_unique<MemoryStore>(seen, script);
    runner = Runner::make(std::move(assembly), its_clock, log);
    runner->start();
  }
  void writes_hang() {  // until they are told to end
    script.write = [this](const Batch&, Stop stop) -> Result<std::vector<Failure>> {
      seen.wait(std::move(stop), [] { return false; });
      return fail(Error::Kind::cancelled, "given up");
    };
  }
  void expect_end(State state) {
    ASSERT_TRUE(runner->wait(kLong));
    EXPECT_EQ(runner->status().state, state);
  }
  void expect_all_delivered_once() {
    std::multiset<std::string> all;
    for (uint32_t part = 0; part < script.parts; ++part) {
      for (uint32_t i = 0; i < script.events; ++i) {
        all.insert("p" + std::to_string(part) + "/" + std::to_string(i));
      }
    }
    EXPECT_EQ(seen.delivered, all);
  }

  SystemClock clock;
  FrozenClock frozen_clock;
  NullLog log;
  PipelineSpec spec;
  Script script;
  Seen seen;
  std::unique_ptr<Runner> runner;  // last: its threads use all of the above
};

TEST_F(RunnerTest, runs_to_its_end_and_leaves_no_thread) {
  std::jthread([] {}).join();  // with the first thread, a sanitizer starts one of its own
  const size_t threads = threads_now();
  script.parts = 3;
  script.events = 500;
  std::atomic<size_t> busy = 0;
  script.write = [&busy](const Batch&, Stop) {
    busy = threads_now();
    return std::vector<Failure>{};
  };
  start();
  expect_end(State::finished);
  expect_all_delivered_once();
  for (const auto& part : {"p0", "p1", "p2"}) {
    EXPECT_EQ(seen.saved[part], "500");
    EXPECT_EQ(seen.committed[part], "500");
  }
  EXPECT_EQ(seen.releases, 1U);
  EXPECT_GT(busy, threads);
  runner.reset();
  const Instant until = clock.now() + kLong;  // a joined thread may still be listed for a moment
  while (threads_now() > threads && clock.now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(threads_now(), threads);
}

TEST_F(RunnerTest, a_stop_drains_what_was_read) {
  script.ends = false;
  start();
  ASSERT_TRUE(seen.wait({}, [this] { return !seen.delivered.empty(); }));
  runner->stop();
  expect_end(State::stopped);
  EXPECT_EQ(runner->status().reason, "");
  EXPECT_EQ(std::to_string(seen.delivered.size()), seen.saved["p0"]);
  EXPECT_EQ(seen.committed["p0"], seen.saved["p0"]);
}

TEST_F(RunnerTest, an_abort_ends_writes_that_hang) {
  writes_hang();
  start();
  ASSERT_TRUE(seen.wait({}, [this] { return seen.writing > 0; }));
  runner->abort();
  expect_end(State::stopped);
  EXPECT_TRUE(seen.saved.empty());
  EXPECT_TRUE(seen.committed.empty());
}

TEST_F(RunnerTest, a_drain_gives_up_on_writes_that_hang) {
  spec.drain_max = 1ms;
  writes_hang();
  start();
  ASSERT_TRUE(seen.wait({}, [this] { return seen.writing > 0; }));
  runner->stop();
  expect_end(State::stopped);
  EXPECT_NE(runner->status().reason, "");
  EXPECT_TRUE(seen.saved.empty());
}

// Nothing is under way when the time is over: the tick that gives up is the last step of all.
TEST_F(RunnerTest, a_drain_gives_up_on_what_waits_to_be_tried_again) {
  spec.drain_max = 20ms;
  spec.sinks[0].retry.initial = spec.sinks[0].retry.max = 1h;
  script.events = 1;
  std::atomic<bool> refused = false;
  script.write = [&](const Batch&, Stop) -> Result<std::vector<Failure>> {
    refused = true;
    return transient("not reachable");
  };
  start();
  ASSERT_TRUE(seen.wait({}, [&] { return refused && seen.writing == 0; }));
  runner->stop();
  expect_end(State::stopped);
  EXPECT_NE(runner->status().reason, "");
}

TEST_F(RunnerTest, a_read_that_fails_is_tried_again) {
  script.failing_reads = 3;
  start();
  expect_end(State::finished);
  expect_all_delivered_once();
}

TEST_F(RunnerTest, writes_of_several_lanes_are_in_flight_together) {
  spec.sinks[0].batch_events = 1;
  uint32_t most = 0;
  script.write = [&](const Batch&, Stop stop) {
    // The first writes wait for one another: alone, none of them would end.
    seen.wait(std::move(stop), [&] {
      most = std::max(most, seen.writing);
      return most >= 3;
    });
    seen.changed.notify_all();
    return std::vector<Failure>{};
  };
  start();
  ASSERT_TRUE(runner->wait(kLong));
  EXPECT_GE(most, 3U);
  expect_all_delivered_once();
}

TEST_F(RunnerTest, a_save_that_fails_is_tried_again) {
  script.failing_saves = 3;
  start();
  expect_end(State::finished);
  EXPECT_EQ(seen.saved["p0"], "100");
  EXPECT_EQ(seen.committed["p0"], "100");
}

TEST_F(RunnerTest, where_no_save_succeeds_nothing_is_committed) {
  script.failing_saves = ~0U;
  start();
  expect_end(State::failed);
  EXPECT_EQ(runner->status().reason, "the checkpoint could not be saved: no answer");
  expect_all_delivered_once();
  EXPECT_TRUE(seen.committed.empty());
}

TEST_F(RunnerTest, an_exception_of_a_component_stops_the_pipeline) {
  script.write = [](const Batch&, Stop) -> Result<std::vector<Failure>> {
    throw std::runtime_error("no such table");
  };
  start();
  expect_end(State::failed);
  EXPECT_EQ(runner->status().reason, "sink out: unexpected exception while writing: no such table");
  EXPECT_TRUE(seen.saved.empty());
}

TEST_F(RunnerTest, the_source_is_asked_one_question_at_a_time) {
  script.parts = 17;
  script.events = 3;
  spec.source.changing_parts = true;
  spec.discover_every = 1h;  // but each part's end is followed by a question
  spec.until.caught_up = true;
  start();
  expect_end(State::finished);
  EXPECT_EQ(seen.most_asking, 1U);  // fault 5
  EXPECT_GE(seen.questions, 18U);
  expect_all_delivered_once();
}

// The write waits for the second read, and that for the commit: with one hand none would end.
TEST_F(RunnerTest, a_commit_runs_while_a_read_of_its_part_waits) {
  script.ends = false;
  script.write = [this](const Batch&, Stop stop) {
    seen.wait(std::move(stop), [this] { return seen.reads >= 2; });
    return std::vector<Failure>{};
  };
  std::atomic<bool> came = false;
  script.before_read = [&](uint32_t reads, Stop stop) {
    if (reads == 2 && seen.wait(std::move(stop), [this] { return !seen.committed.empty(); })) {
      came = true;
    }
  };
  start();
  ASSERT_TRUE(seen.wait({}, [&] { return seen.reads >= 3; }));
  EXPECT_TRUE(came);
  runner->stop();
  expect_end(State::stopped);
}

TEST_F(RunnerTest, a_read_runs_while_a_save_waits) {
  script.before_save = [this](Stop stop) {
    seen.wait(std::move(stop), [this] { return seen.delivered.size() == 100; });
  };
  start();
  expect_end(State::finished);
  expect_all_delivered_once();
}

// No time passes, so no idle part is ever looked at again of itself.
TEST_F(RunnerTest, a_signal_wakes_an_idle_reader_at_once) {
  script.ends = false;
  script.parts = 3;
  start(frozen_clock);
  ASSERT_TRUE(seen.wait({}, [this] { return seen.delivered.size() == 300; }));
  for (uint32_t i = 1; i <= 5; ++i) {
    seen.note([&] { ++seen.more_events; });
    seen.signals.at("p1").ready();
    ASSERT_TRUE(
        seen.wait({}, [&] { return seen.delivered.contains("p1/" + std::to_string(99 + i)); }));
  }
  runner->stop();
  ASSERT_TRUE(seen.wait({}, [this] { return seen.releases == 1; }));
}

TEST_F(RunnerTest, a_signal_may_come_from_any_thread_and_outlive_the_pipeline) {
  script.ends = false;
  script.parts = 4;
  start();
  ASSERT_TRUE(seen.wait({}, [this] { return seen.signals.size() == 4; }));
  std::map<std::string, Signal> signals;
  seen.note([&] { signals = seen.signals; });
  std::vector<std::jthread> threads;
  for (const auto& [part, signal] : signals) {
    threads.emplace_back([one = signal](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        one.ready();
      }
    });
  }
  ASSERT_TRUE(seen.wait({}, [this] { return seen.delivered.size() == 400; }));
  runner->stop();
  ASSERT_TRUE(runner->wait(kLong));
  runner.reset();
  signals["p0"].ready();
  threads.clear();
  expect_all_delivered_once();
}

TEST_F(RunnerTest, a_stop_ends_a_read_that_waits) {
  spec.source.wait = 1h;
  script.ends = false;
  script.before_read = [this](uint32_t reads, Stop stop) {
    if (reads > 1) {
      seen.wait(std::move(stop), [] { return false; });
    }
  };
  start();
  ASSERT_TRUE(seen.wait({}, [this] { return seen.reads >= 2; }));
  runner->stop();
  expect_end(State::stopped);
  EXPECT_EQ(std::to_string(seen.delivered.size()), seen.saved["p0"]);
}

TEST_F(RunnerTest, an_abort_ends_a_save_that_hangs) {
  script.ends = false;
  script.before_save = [this](Stop stop) { seen.wait(std::move(stop), [] { return false; }); };
  start();
  ASSERT_TRUE(seen.wait({}, [this] { return seen.saves > 0; }));
  runner->abort();
  expect_end(State::stopped);
  EXPECT_TRUE(seen.committed.empty());
}

TEST_F(RunnerTest, the_reader_of_a_part_at_its_end_is_closed_while_others_are_read) {
  script.parts = 2;
  script.ends = false;
  script.ending_part = "p0";
  spec.save_every = 1ns;
  start();
  ASSERT_TRUE(seen.wait({}, [this] {
    return seen.delivered.size() == 200 && seen.committed["p0"] == "100" && seen.readers == 1;
  }));
  runner->stop();
  expect_end(State::stopped);
  expect_all_delivered_once();
}

}  // namespace
}  // namespace penstock::engine
