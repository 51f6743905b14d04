// Shows that each case of the sink's contract finds what it is there for: a model sink that keeps
// the contract, and flaws that break it one by one.
#include "testing/sink_contract.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>

#include "core/rejected_keys.h"

namespace penstock::contract {
namespace {

enum class Flaw : uint8_t {
  none,
  forgets_an_event,  // says that it is durable, and it is not
  changes_their_order,
  names_a_neighbour,  // of the event that is refused
  names_it_twice,
  fails_the_whole,  // where one event is refused
  calls_an_outage_fatal,
  writes_before_it_fails,
  calls_a_lost_answer_success,
  drops_the_wait,
  calls_a_large_event_fatal,
  retries_a_large_event,
  cuts_a_large_event,
  repeats,
  overtakes,  // a rejected event of its key
  ignores_its_stop,
  ignores_its_deadline,
  opens_only_once,
};

struct Target {
  std::mutex mutex;  // guards what follows
  std::condition_variable_any changed;
  std::vector<std::string> held;
  std::set<std::string> refused;
  bool failing = false;
  bool losing = false;
  bool hanging = false;
  bool waited_for = false;
  std::optional<Duration> throttled;
};

constexpr size_t kLarge = 1000;

class ModelSink final : public Sink {
 public:
  ModelSink(Flaw flaw, Target& target) : flaw_(flaw), target_(target) {}
  SinkTraits traits() const override { return {.writes_in_order = true}; }
  Result<> open(const Resume&, Stop) override {
    if (std::exchange(opened_, true) && flaw_ == Flaw::opens_only_once) {
      return fatal("open already");
    }
    return {};
  }
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override {
    std::unique_lock lock(target_.mutex);
    if (target_.hanging) {
      TRY(wait(lock, batch, stop));
    }
    if (target_.throttled) {
      Error error = transient("slow down").error();
      error.retry_after = flaw_ == Flaw::drops_the_wait ? std::nullopt : target_.throttled;
      return std::unexpected(std::move(error));
    }
    if (target_.failing) {
      if (flaw_ == Flaw::writes_before_it_fails) {
        target_.held.emplace_back(batch.events.front()->raw);
      }
      return flaw_ == Flaw::calls_an_outage_fatal ? fatal("down") : transient("down");
    }
    TRY(std::vector<Failure> failures, take_all(batch));
    if (target_.losing && flaw_ != Flaw::calls_a_lost_answer_success) {
      return transient("no answer");
    }
    return failures;
  }

 private:
  Result<> wait(std::unique_lock<std::mutex>& lock, const Batch& batch, const Stop& stop) {
    target_.waited_for = true;
    target_.changed.notify_all();
    const auto done = [this] { return !target_.hanging; };
    if (flaw_ == Flaw::ignores_its_stop) {
      target_.changed.wait(lock, done);
    } else if (flaw_ == Flaw::ignores_its_deadline || batch.deadline == Instant::never()) {
      target_.changed.wait(lock, stop, done);
    } else {
      target_.changed.wait_for(lock, stop, batch.deadline - SystemClock().now(), done);
    }
    return target_.hanging ? transient("no answer") : Result<>{};
  }
  Result<std::vector<Failure>> take_all(const Batch& batch) {
    std::vector<Failure> failures;
    RejectedKeys rejected_keys;
    for (uint32_t i = 0; i < batch.events.size(); ++i) {
      const Event& event = *batch.events[i];
      if (flaw_ != Flaw::overtakes && rejected_keys.hold_back(event, i, failures)) {
        continue;
      }
      if (target_.refused.contains(std::string(event.id))) {
        if (flaw_ == Flaw::fails_the_whole) {
          return transient("refused");
        }
        const uint32_t named = flaw_ == Flaw::names_a_neighbour ? i - 1 : i;
        TRY(rejected_keys.note(rejected("refused"), event, named, failures));
        if (flaw_ == Flaw::names_it_twice) {
          failures.push_back(failures.back());
        }
      } else if (event.raw.size() > kLarge && flaw_ == Flaw::calls_a_large_event_fatal) {
        return fatal("too large");
      } else if (event.raw.size() > kLarge && flaw_ == Flaw::retries_a_large_event) {
        failures.push_back({i, transient("too large").error()});
      } else {
        take(event, i);
      }
    }
    return failures;
  }
  void take(const Event& event, uint32_t index) {
    std::string payload(event.raw);
    const bool known = std::ranges::find(target_.held, payload) != target_.held.end();
    if ((known && flaw_ != Flaw::repeats) || (index == 2 && flaw_ == Flaw::forgets_an_event)) {
      return;
    }
    if (flaw_ == Flaw::cuts_a_large_event) {
      payload.resize(std::min(payload.size(), kLarge));
    }
    const auto where =
        flaw_ == Flaw::changes_their_order ? target_.held.begin() : target_.held.end();
    target_.held.insert(where, payload);
  }

  const Flaw flaw_;
  Target& target_;
  bool opened_ = false;
};

class ModelFixture final : public SinkFixture {
 public:
  explicit ModelFixture(Flaw flaw) : flaw_(flaw) {}
  Result<std::unique_ptr<Sink>> make() override {
    return std::make_unique<ModelSink>(flaw_, target_);
  }
  std::optional<std::vector<std::string>> held() override {
    const std::lock_guard guard(target_.mutex);
    return target_.held;
  }
  bool drops_repeats() const override { return true; }
  std::string impossible(SinkCase) const override { return ""; }
  void refuse(const Event& event) override { target_.refused.emplace(event.id); }
  void fail() override { target_.failing = true; }
  void lose_answers() override { target_.losing = true; }
  void throttle(std::chrono::seconds wait) override { target_.throttled = wait; }
  void hang() override { target_.hanging = true; }
  bool await_hanging() override {
    std::unique_lock lock(target_.mutex);
    return target_.changed.wait_for(lock, 10s, [this] { return target_.waited_for; });
  }
  void mend() override {
    const std::lock_guard guard(target_.mutex);
    target_.failing = target_.losing = target_.hanging = false;
    target_.throttled.reset();
    target_.changed.notify_all();
  }

 private:
  Flaw flaw_;
  Target target_;
};

struct Row {
  Flaw flaw;
  SinkCase found_by;
};
class SinkContractTest : public testing::TestWithParam<Row> {};

TEST_P(SinkContractTest, a_flaw_is_found_by_its_case) {
  ModelFixture flawed(GetParam().flaw);
  flawed.patience = 200ms;
  EXPECT_FALSE(check(GetParam().found_by, flawed).empty());
}

INSTANTIATE_TEST_SUITE_P(
    each, SinkContractTest,
    testing::Values(Row{Flaw::forgets_an_event, SinkCase::takes_what_it_is_given},
                    Row{Flaw::changes_their_order, SinkCase::takes_what_it_is_given},
                    Row{Flaw::names_a_neighbour, SinkCase::partial_failure},
                    Row{Flaw::names_it_twice, SinkCase::partial_failure},
                    Row{Flaw::fails_the_whole, SinkCase::partial_failure},
                    Row{Flaw::overtakes, SinkCase::partial_failure},
                    Row{Flaw::calls_an_outage_fatal, SinkCase::whole_failure},
                    Row{Flaw::writes_before_it_fails, SinkCase::whole_failure},
                    Row{Flaw::calls_a_lost_answer_success, SinkCase::lost_answer},
                    Row{Flaw::repeats, SinkCase::lost_answer},
                    Row{Flaw::drops_the_wait, SinkCase::throttle},
                    Row{Flaw::calls_a_large_event_fatal, SinkCase::large_event},
                    Row{Flaw::retries_a_large_event, SinkCase::large_event},
                    Row{Flaw::cuts_a_large_event, SinkCase::large_event},
                    Row{Flaw::repeats, SinkCase::repeated_id},
                    Row{Flaw::ignores_its_stop, SinkCase::stop},
                    Row{Flaw::ignores_its_deadline, SinkCase::deadline},
                    Row{Flaw::opens_only_once, SinkCase::reopening}));

TEST(SinkContractModel, a_sink_without_flaws_keeps_every_case) {
  for (const SinkCase which : kSinkCases) {
    ModelFixture fixture(Flaw::none);
    EXPECT_EQ(check(which, fixture).text(), "") << name_of(which);
  }
}

}  // namespace
}  // namespace penstock::contract
