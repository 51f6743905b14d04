#include "testing/sink_contract.h"

#include <fmt/core.h>

#include <algorithm>
#include <future>
#include <map>
#include <set>

#include "base/check.h"

namespace penstock::contract {

namespace {

using Written = Result<std::vector<Failure>>;
using Payloads = std::vector<std::string>;

constexpr std::string_view kPart = "part-0";

// One sink on the fixture's target, open, and what was written to it.
class Writing {
 public:
  explicit Writing(SinkFixture& fixture) : fixture_(fixture) {
    auto made = fixture.make();
    if (problems.expect_success(made, "make() failed")) {
      sink_ = *std::move(made);
      open();
    }
  }
  bool ready() const { return sink_ != nullptr && problems.empty(); }
  Sink& sink() { return *sink_; }
  void open() {
    problems.expect_success(sink_->open({.pipeline = "contract", .sink = "sink"}, {}),
                            "open() failed");
  }
  // As many messages as the sink takes at once, five at most.
  uint32_t several() const { return std::min<uint32_t>(5, sink_->traits().events_max); }
  Written write(TestBatch& events, Stop stop = {}) {
    events.batch().part = sink_->traits().folders ? kPart : std::string_view();
    return sink_->write(events.batch(), std::move(stop));
  }
  // All of them are taken now.
  void expect_taken(TestBatch& events, const std::string& when) {
    const Written written = write(events);
    if (problems.expect_success(written, when + ": the write failed")) {
      problems.expect(written->empty(), when + ": " + named(*written));
    }
  }
  void expect_held(Payloads wanted, const std::string& when) {
    auto held = fixture_.held();
    if (!held) {
      return;
    }
    if (!sink_->traits().writes_in_order) {
      std::ranges::sort(*held);
      std::ranges::sort(wanted);
    }
    problems.expect(*held == wanted, fmt::format("{}: the target holds {}, not {}", when,
                                                 listed(*held), listed(wanted)));
  }
  static std::string named(const std::vector<Failure>& failures) {
    std::string text = "failures were named:";
    for (const Failure& failure : failures) {
      text += fmt::format(" {} ({})", failure.index, Problems::shown(failure.error));
    }
    return text;
  }

  Problems problems;

 private:
  SinkFixture& fixture_;
  std::unique_ptr<Sink> sink_;
};

Payloads payloads_of(const TestBatch& events) {
  Payloads payloads;
  for (size_t i = 0; i < events.size(); ++i) {
    payloads.emplace_back(events[i].raw);
  }
  return payloads;
}

// The errors of all events of a batch, whether the whole or each failed; nothing where any was
// taken.
std::vector<Error> errors_of_all(const Written& written, size_t count) {
  if (!written) {
    return {count, written.error()};
  }
  std::set<uint32_t> indices;
  std::vector<Error> errors;
  for (const Failure& failure : *written) {
    indices.insert(failure.index);
    errors.push_back(failure.error);
  }
  return indices.size() == count && errors.size() == count ? errors : std::vector<Error>{};
}

void expect_all_transient(const Written& written, size_t count, const std::string& when,
                          Problems& problems) {
  const std::vector<Error> errors = errors_of_all(written, count);
  problems.expect(!errors.empty(), when + ": events count as durable");
  for (const Error& error : errors) {
    if (!problems.expect(error.kind == Error::Kind::transient,
                         when + ": not transient, but " + Problems::shown(error))) {
      return;
    }
  }
}

void takes_what_it_is_given(SinkFixture&, Writing& writing) {
  TestBatch first;
  first.messages("first", writing.several());
  writing.expect_taken(first, "a first batch");
  TestBatch second(first.size());
  second.messages("second", writing.several());
  writing.expect_taken(second, "a second batch");
  Payloads both = payloads_of(first);
  std::ranges::copy(payloads_of(second), std::back_inserter(both));
  writing.expect_held(std::move(both), "after two batches");
}

// A later change of a key must not overtake a rejected one.
void rejected_key(SinkFixture& fixture, Writing& writing, uint64_t order_before) {
  TestBatch events;
  uint64_t order = order_before;
  for (const std::string_view key : {"a", "b", "b", "c"}) {
    const std::string text = fmt::format("keyed-{}", ++order);
    events.add(events.event()
                   .id(text)
                   .raw(text)
                   .order(order)
                   .key(fmt::format(R"({{"_id":"{}"}})", key))
                   .event());
  }
  fixture.refuse(events[1]);
  Payloads wanted = fixture.held().value_or(Payloads{});
  wanted.emplace_back(events[0].raw);
  wanted.emplace_back(events[3].raw);
  const Written written = writing.write(events);
  Problems& problems = writing.problems;
  if (!problems.expect_success(written, "with a rejected key: the whole failed")) {
    return;
  }
  std::map<uint32_t, Error::Kind> kinds;
  for (const Failure& failure : *written) {
    kinds.emplace(failure.index, failure.error.kind);
  }
  const std::map<uint32_t, Error::Kind> right = {{1, Error::Kind::rejected},
                                                 {2, Error::Kind::transient}};
  problems.expect(kinds == right,
                  "what is behind a rejected event of its key: " + Writing::named(*written));
  writing.expect_held(std::move(wanted), "behind a rejected event");
}

void partial_failure(SinkFixture& fixture, Writing& writing) {
  TestBatch events;
  events.messages("event", writing.several());
  const std::set<uint32_t> refused =
      events.size() > 3 ? std::set<uint32_t>{1, 3} : std::set<uint32_t>{0};
  Payloads taken;
  for (uint32_t i = 0; i < events.size(); ++i) {
    if (refused.contains(i)) {
      fixture.refuse(events[i]);
    } else {
      taken.emplace_back(events[i].raw);
    }
  }
  const auto before = fixture.held().value_or(Payloads{});
  const Written written = writing.write(events);
  Problems& problems = writing.problems;
  if (!written) {  // of a single event the whole may be refused
    problems.expect(events.size() == 1 && written.error().kind == Error::Kind::rejected,
                    "the whole failed: " + Problems::shown(written.error()));
  } else {
    std::set<uint32_t> indices;
    for (const Failure& failure : *written) {
      problems.expect(indices.insert(failure.index).second, "an index was named twice");
      problems.expect(failure.error.kind == Error::Kind::rejected,
                      "not rejected, but " + Problems::shown(failure.error));
    }
    problems.expect(indices == refused, "other indices: " + Writing::named(*written));
  }
  taken.insert(taken.begin(), before.begin(), before.end());
  writing.expect_held(std::move(taken), "the events that were not named");
  if (writing.sink().traits().writes_in_order) {
    rejected_key(fixture, writing, events.size());
  }
}

void whole_failure(SinkFixture& fixture, Writing& writing) {
  TestBatch events;
  events.messages("event", writing.several());
  fixture.fail();
  expect_all_transient(writing.write(events), events.size(), "while the target fails",
                       writing.problems);
  fixture.mend();
  writing.expect_held({}, "while the target failed");
  writing.expect_taken(events, "once it works again");
  writing.expect_held(payloads_of(events), "once it works again");
}

void lost_answer(SinkFixture& fixture, Writing& writing) {
  TestBatch events;
  events.messages("event", writing.several());
  fixture.lose_answers();
  expect_all_transient(writing.write(events), events.size(), "when the answer was lost",
                       writing.problems);
  fixture.mend();
  writing.expect_taken(events, "written again");
  if (fixture.drops_repeats()) {
    return writing.expect_held(payloads_of(events), "written again, each once");
  }
  const Payloads held = fixture.held().value_or(payloads_of(events));
  for (const std::string& payload : payloads_of(events)) {
    writing.problems.expect(std::ranges::find(held, payload) != held.end(),
                            payload + " is not held");
  }
}

void throttle(SinkFixture& fixture, Writing& writing) {
  constexpr std::chrono::seconds kWait = 7s;
  TestBatch events;
  events.messages("event", writing.several());
  fixture.throttle(kWait);
  const Written written = writing.write(events);
  expect_all_transient(written, events.size(), "throttled", writing.problems);
  for (const Error& error : errors_of_all(written, events.size())) {
    writing.problems.expect(error.retry_after == Duration(kWait),
                            "the wait that the target asked for is not handed on");
  }
  fixture.mend();
  writing.expect_taken(events, "after the wait");
}

// Rejected or taken; what the engine does with a batch that is refused as a whole, which is to
// halve it, is done here.
bool write_alone(Writing& writing, const Event& event, const std::string& what) {
  TestBatch alone;
  alone.add(event);
  const Written written = writing.write(alone);
  const std::vector<Error> errors = errors_of_all(written, 1);
  for (const Error& error : errors) {
    writing.problems.expect(error.kind == Error::Kind::rejected,
                            what + " is not rejected, but " + Problems::shown(error));
  }
  return errors.empty();
}

void large_event(SinkFixture& fixture, Writing& writing) {
  TestBatch events;
  events.messages("small", 1);
  const std::string large(fixture.large_bytes(), 'x');
  events.add(events.event().id("large").order(2).raw(large).event());
  bool small_taken = true;
  bool large_taken = true;
  const bool together = writing.sink().traits().events_max > 1;
  const Written written = together ? writing.write(events) : rejected("to be written alone");
  if (written) {
    for (const Failure& failure : *written) {
      (failure.index == 0 ? small_taken : large_taken) = false;
      writing.problems.expect(failure.error.kind == Error::Kind::rejected,
                              "not rejected, but " + Problems::shown(failure.error));
    }
  } else {
    writing.problems.expect(written.error().kind == Error::Kind::rejected,
                            "not rejected, but " + Problems::shown(written.error()));
    small_taken = write_alone(writing, events[0], "a small event");
    large_taken = write_alone(writing, events[1], "a large event");
  }
  writing.problems.expect(small_taken, "the small event beside it is refused too");
  Payloads wanted = {std::string(events[0].raw)};
  if (large_taken) {
    wanted.push_back(large);
  }
  writing.expect_held(std::move(wanted),
                      large_taken ? "the large event was taken" : "the large event was rejected");
}

void repeated_id(SinkFixture& fixture, Writing& writing) {
  TestBatch events;
  events.messages("event", writing.several());
  writing.expect_taken(events, "the first time");
  auto again = fixture.make();  // as after a restart, which knows nothing of the first
  if (!writing.problems.expect_success(again, "make() failed")) {
    return;
  }
  Batch batch = events.batch();
  writing.problems.expect_success((*again)->open({.pipeline = "contract", .sink = "sink"}, {}),
                                  "open() failed");
  const Written written = (*again)->write(batch, {});
  if (writing.problems.expect_success(written, "the second time: the write failed")) {
    writing.problems.expect(written->empty(), "the second time: " + Writing::named(*written));
  }
  Payloads wanted = payloads_of(events);
  if (!fixture.drops_repeats()) {
    std::ranges::copy(payloads_of(events), std::back_inserter(wanted));
  }
  writing.expect_held(std::move(wanted), "written twice");
}

// A write to a target that gives no answer, on a thread of its own.
class HangingWrite {
 public:
  HangingWrite(SinkFixture& fixture, Writing& writing, Instant deadline)
      : fixture_(fixture), problems_(writing.problems) {
    events_.messages("event", writing.several());
    events_.batch().deadline = deadline;
    fixture.hang();
    outcome_ = std::async(std::launch::async,
                          [&writing, this] { return writing.write(events_, stop_.get_token()); });
    problems_.expect(fixture.await_hanging(), "no write reached the target");
  }
  ~HangingWrite() {
    stop_.request_stop();
    fixture_.mend();
  }
  HangingWrite(const HangingWrite&) = delete;
  HangingWrite& operator=(const HangingWrite&) = delete;
  void stop() { stop_.request_stop(); }
  void expect_return(Duration within, const std::string& when) {
    const bool returned = outcome_.wait_for(within) == std::future_status::ready;
    if (!problems_.expect(returned, when + ": the write did not return")) {
      return;
    }
    const std::vector<Error> errors = errors_of_all(outcome_.get(), events_.size());
    problems_.expect(!errors.empty(), when + ": events count as durable");
    for (const Error& error : errors) {
      problems_.expect(error.kind == Error::Kind::transient || error.kind == Error::Kind::cancelled,
                       when + ": neither transient nor cancelled, but " + Problems::shown(error));
    }
  }

 private:
  SinkFixture& fixture_;
  Problems& problems_;
  TestBatch events_;
  std::stop_source stop_;
  std::future<Written> outcome_;  // last: it uses all of the above, and waits when it goes
};

void stop(SinkFixture& fixture, Writing& writing) {
  HangingWrite hanging(fixture, writing, Instant::never());
  hanging.stop();
  hanging.expect_return(fixture.patience, "after its stop");
}

void deadline(SinkFixture& fixture, Writing& writing) {
  constexpr Duration kLeft = 100ms;
  SystemClock clock;
  HangingWrite hanging(fixture, writing, clock.now() + kLeft);
  hanging.expect_return(kLeft + fixture.patience, "after its deadline");
}

void reopening(SinkFixture& fixture, Writing& writing) {
  TestBatch first;
  first.messages("first", writing.several());
  const bool fails = fixture.impossible(SinkCase::whole_failure).empty();
  if (fails) {
    fixture.fail();
    expect_all_transient(writing.write(first), first.size(), "while the target fails",
                         writing.problems);
    fixture.mend();
  } else {
    writing.expect_taken(first, "in the first run");
  }
  writing.open();
  TestBatch second(first.size());
  second.messages("second", writing.several());
  writing.expect_taken(second, "in the second run");
  Payloads wanted = fails ? Payloads{} : payloads_of(first);
  std::ranges::copy(payloads_of(second), std::back_inserter(wanted));
  writing.expect_held(std::move(wanted), "after the second run");
}

struct Row {
  SinkCase which;
  std::string_view name;
  void (*run)(SinkFixture&, Writing&);
};
constexpr std::array kRows = {
    Row{SinkCase::takes_what_it_is_given, "takes_what_it_is_given", takes_what_it_is_given},
    Row{SinkCase::partial_failure, "partial_failure", partial_failure},
    Row{SinkCase::whole_failure, "whole_failure", whole_failure},
    Row{SinkCase::lost_answer, "lost_answer", lost_answer},
    Row{SinkCase::throttle, "throttle", throttle},
    Row{SinkCase::large_event, "large_event", large_event},
    Row{SinkCase::repeated_id, "repeated_id", repeated_id},
    Row{SinkCase::stop, "stop", stop},
    Row{SinkCase::deadline, "deadline", deadline},
    Row{SinkCase::reopening, "reopening", reopening},
};

const Row& row_of(SinkCase which) {
  const Row& row = kRows.at(static_cast<size_t>(which));
  CHECK(row.which == which);
  return row;
}

[[noreturn]] void missing(const char* function) {
  check_failed(function, "a fixture says that the case is possible, and has no such function", 0);
}

}  // namespace

std::string_view name_of(SinkCase which) {
  return row_of(which).name;
}

void SinkFixture::refuse(const Event&) {
  missing("refuse()");
}
void SinkFixture::fail() {
  missing("fail()");
}
void SinkFixture::lose_answers() {
  missing("lose_answers()");
}
void SinkFixture::throttle(std::chrono::seconds) {
  missing("throttle()");
}
void SinkFixture::hang() {
  missing("hang()");
}
bool SinkFixture::await_hanging() {
  missing("await_hanging()");
}
void SinkFixture::mend() {
  missing("mend()");
}

Problems check(SinkCase which, SinkFixture& fixture) {
  Writing writing(fixture);
  if (writing.ready()) {
    row_of(which).run(fixture, writing);
  }
  return writing.problems;
}

}  // namespace penstock::contract
