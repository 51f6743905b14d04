// Shows that each case of the source's contract finds what it is there for: a model source that
// keeps the contract, and flaws that break it one by one.
#include "testing/source_contract.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace penstock::contract {
namespace {

enum class Flaw : uint8_t {
  none,
  leaves_one_out,
  repeats_an_id,
  shrinks_its_order,
  skips_after_a_restart,
  repeats_after_a_restart,
  other_ids_after_a_restart,
  starts_over,     // where it cannot read the position
  calls_it_fatal,  // that it cannot
  reads_later_versions,
  one_hand,  // commits and reads under one lock
  same_ids_in_each_generation,
  same_orders_in_each_generation,
  generations_descend,
  names_a_position_behind,
  ignores_its_stop,
};

struct World {
  std::vector<std::string> content = {"one", "two", "three", "four"};
  uint64_t generation = 1;
  Progress progress = Progress::saved;
  uint64_t committed = 0;

  std::mutex mutex;  // guards what follows
  std::condition_variable_any changed;
  bool holds = false;
  bool held = false;
  bool read_waits = false;
};

std::string position_of(uint64_t next) {
  return "1 " + std::to_string(next);
}

class ModelReader final : public Reader {
 public:
  ModelReader(Flaw flaw, World& world, uint64_t next) : flaw_(flaw), world_(world), next_(next) {}

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override {
    std::unique_lock hand(one_hand_, std::defer_lock);
    if (flaw_ == Flaw::one_hand) {
      hand.lock();
    }
    if (next_ == world_.content.size()) {
      wait(limits.wait, stop);
    }
    for (size_t i = 0; i < limits.events && next_ < world_.content.size(); ++i, ++next_) {
      add(block);
    }
    return Read{.position = position_of(next_), .caught_up = next_ == world_.content.size()};
  }
  Result<> commit(const Position& position, Stop) override {
    std::unique_lock hand(one_hand_, std::defer_lock);
    if (flaw_ == Flaw::one_hand) {
      await_waiting_read();
      hand.lock();
    }
    if (!position.starts_with("1 ") || position.size() > 3) {
      return fatal("no position");
    }
    std::unique_lock lock(world_.mutex);
    world_.held = true;
    world_.changed.notify_all();
    world_.changed.wait(lock, [this] { return !world_.holds; });
    world_.committed = static_cast<uint64_t>(position[2] - '0');
    return {};
  }

 private:
  // Where no commit is held: the flaw shows only while a read waits, so the chance is taken out.
  void await_waiting_read() {
    std::unique_lock lock(world_.mutex);
    world_.changed.wait(lock, [this] { return world_.holds || world_.read_waits; });
  }
  void wait(Duration most, const Stop& stop) {
    std::unique_lock lock(world_.mutex);
    world_.read_waits = true;
    world_.changed.notify_all();
    if (flaw_ == Flaw::ignores_its_stop) {
      world_.changed.wait_for(lock, std::min<Duration>(most, 700ms), [] { return false; });
    } else if (flaw_ == Flaw::one_hand) {
      // The other hand waits as long as the read does.
      world_.changed.wait_for(lock, stop, most, [] { return false; });
    } else {
      world_.changed.wait_for(lock, stop, std::min<Duration>(most, 1ms), [] { return false; });
    }
  }
  void add(EventBlock& block) {
    if (next_ == 2 && flaw_ == Flaw::leaves_one_out) {
      return;
    }
    const uint64_t generation = world_.generation;
    const uint64_t id_of = flaw_ == Flaw::same_ids_in_each_generation ? 1 : generation;
    const uint64_t order_of = flaw_ == Flaw::same_orders_in_each_generation ? 1
                              : flaw_ == Flaw::generations_descend          ? 9 - generation
                                                                            : generation;
    const uint64_t number = flaw_ == Flaw::repeats_an_id ? 1 : next_;
    const uint64_t place = flaw_ == Flaw::shrinks_its_order ? 9 - next_ : next_;
    const uint64_t start = flaw_ == Flaw::other_ids_after_a_restart ? first_ : 0;
    Event event;
    event.id = block.arena.copy(std::to_string(id_of) + "/" + std::to_string(start) + "/" +
                                std::to_string(number));
    event.order = block.arena.copy(std::to_string(order_of) + "/" + std::to_string(place));
    event.raw = block.arena.copy(world_.content[next_]);
    event.has_raw = true;
    block.events.push_back(event);
  }

  const Flaw flaw_;
  World& world_;
  uint64_t next_;
  const uint64_t first_ = next_;
  std::mutex one_hand_;
};

class ModelSource final : public Source {
 public:
  ModelSource(Flaw flaw, World& world) : flaw_(flaw), world_(world) {}
  SourceTraits traits() const override {
    return {.progress = world_.progress, .generation_bytes = 1, .generations_ascend = true};
  }
  std::string fingerprint() const override { return "model"; }
  Result<std::vector<Part>> parts(const Checkpoint&, Stop) override {
    return std::vector<Part>{{"part"}};
  }
  Result<std::unique_ptr<Reader>> open(const Part&, const std::optional<Position>& position, Signal,
                                       Stop) override {
    uint64_t next = world_.committed;
    if (position) {
      const std::string_view text = *position;
      const bool version =
          text.starts_with("1 ") || (flaw_ == Flaw::reads_later_versions && text.starts_with("9 "));
      const bool readable = version && text.size() == 3 && text[2] >= '0' && text[2] <= '9';
      if (!readable && flaw_ == Flaw::calls_it_fatal) {
        return fatal("no position");
      }
      if (!readable && flaw_ != Flaw::starts_over) {
        return fail(Error::Kind::lost_position, "no position");
      }
      next = readable ? static_cast<uint64_t>(text[2] - '0') : 0;
    }
    const bool restart = next > 0;
    next += restart && flaw_ == Flaw::skips_after_a_restart ? 1 : 0;
    next -= restart && flaw_ == Flaw::repeats_after_a_restart ? 1 : 0;
    return std::make_unique<ModelReader>(flaw_, world_,
                                         std::min<uint64_t>(next, world_.content.size()));
  }
  std::optional<Position> position_before(const Position&, std::string_view order) const override {
    const auto place = static_cast<uint64_t>(order.back() - '0');
    return position_of(place + (flaw_ == Flaw::names_a_position_behind ? 1 : 0));
  }

 private:
  const Flaw flaw_;
  World& world_;
};

class ModelFixture final : public SourceFixture {
 public:
  explicit ModelFixture(Flaw flaw, Progress progress = Progress::saved) : flaw_(flaw) {
    world_.progress = progress;
  }
  Result<std::unique_ptr<Source>> make() override {
    return std::make_unique<ModelSource>(flaw_, world_);
  }
  void fill(Source&) override {}
  std::vector<std::string> content() const override { return world_.content; }
  std::string impossible(SourceCase) const override { return ""; }
  void replace() override {
    world_.content = {"five", "six", "seven"};
    ++world_.generation;
  }
  void hold_commits() override { world_.holds = true; }
  bool await_held_commit() override {
    std::unique_lock lock(world_.mutex);
    return world_.changed.wait_for(lock, 10s, [this] { return world_.held; });
  }
  void let_go() override {
    const std::lock_guard guard(world_.mutex);
    world_.holds = false;
    world_.changed.notify_all();
  }

 private:
  Flaw flaw_;
  World world_;
};

struct Row {
  Flaw flaw;
  SourceCase found_by;
  Progress progress = Progress::saved;
};
class SourceContractTest : public testing::TestWithParam<Row> {};

TEST_P(SourceContractTest, a_flaw_is_found_by_its_case) {
  ModelFixture flawed(GetParam().flaw, GetParam().progress);
  flawed.patience = 200ms;
  EXPECT_FALSE(check(GetParam().found_by, flawed).empty());
}

INSTANTIATE_TEST_SUITE_P(
    each, SourceContractTest,
    testing::Values(
        Row{Flaw::leaves_one_out, SourceCase::reads_its_content},
        Row{Flaw::repeats_an_id, SourceCase::reads_its_content},
        Row{Flaw::shrinks_its_order, SourceCase::reads_its_content},
        Row{Flaw::skips_after_a_restart, SourceCase::resumes_at_each_position},
        Row{Flaw::repeats_after_a_restart, SourceCase::resumes_at_each_position},
        Row{Flaw::other_ids_after_a_restart, SourceCase::resumes_at_each_position},
        Row{Flaw::skips_after_a_restart, SourceCase::resumes_at_each_position,
            Progress::source_owned},
        Row{Flaw::repeats_after_a_restart, SourceCase::resumes_at_each_position,
            Progress::source_owned},
        Row{Flaw::starts_over, SourceCase::unreadable_position},
        Row{Flaw::calls_it_fatal, SourceCase::unreadable_position},
        Row{Flaw::reads_later_versions, SourceCase::unreadable_position},
        Row{Flaw::one_hand, SourceCase::read_never_waits_for_commit},
        Row{Flaw::one_hand, SourceCase::commit_never_waits_for_read},
        Row{Flaw::same_ids_in_each_generation, SourceCase::ids_across_generations},
        Row{Flaw::same_orders_in_each_generation, SourceCase::orders_across_generations},
        Row{Flaw::generations_descend, SourceCase::orders_across_generations},
        Row{Flaw::names_a_position_behind, SourceCase::position_before},
        Row{Flaw::names_a_position_behind, SourceCase::position_before, Progress::source_owned},
        Row{Flaw::ignores_its_stop, SourceCase::stop}));

TEST(SourceContractModel, a_source_without_flaws_keeps_every_case) {
  for (const Progress progress : {Progress::saved, Progress::source_owned}) {
    for (const SourceCase which : kSourceCases) {
      ModelFixture fixture(Flaw::none, progress);
      EXPECT_EQ(check(which, fixture).text(), "") << name_of(which);
    }
  }
}

}  // namespace
}  // namespace penstock::contract
