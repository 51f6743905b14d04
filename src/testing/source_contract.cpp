#include "testing/source_contract.h"

#include <fmt/core.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <set>
#include <thread>

#include "base/check.h"
#include "testing/test_signal.h"

namespace penstock::contract {

namespace {

using Payloads = std::vector<std::string>;

constexpr size_t kReadsMax = 10000;   // of a part with a handful of events
constexpr Duration kFirstEvent = 5s;  // how long a source that is fed by threads may take

bool contains(const Payloads& all, std::string_view one) {
  return std::ranges::find(all, one) != all.end();
}

struct Got {
  Payloads payloads, ids, orders;
  std::vector<Position> positions;  // after the read that gave the event
  std::optional<Error> error;
  std::string shown() const { return error ? Problems::shown(*error) : listed(payloads); }
};

// A source on the fixture's content with its first part open.
class Reading {
 public:
  Reading(SourceFixture& fixture, Problems& problems,
          const std::optional<Position>& position = std::nullopt)
      : signals_(fixture.signals()), problems_(problems) {
    auto made = fixture.make();
    if (!problems.expect_success(made, "make() failed")) {
      return;
    }
    source_ = *std::move(made);
    auto parts = source_->parts({}, {});
    if (!problems.expect_success(parts, "parts() failed") ||
        !problems.expect(!parts->empty(), "there is no part")) {
      return;
    }
    part_ = parts->front();
    fixture.fill(*source_);
    auto opened = source_->open(part_, position, signal_.signal(), {});
    if (opened) {
      reader_ = *std::move(opened);
    } else {
      error_ = opened.error();
    }
  }
  Source* source() { return source_.get(); }  // null where there is none
  Reader* reader() { return reader_.get(); }  // null where open() failed
  const std::optional<Error>& open_error() const { return error_; }
  // False, and said, where there is nothing to read from.
  bool expect_open(const std::string& when) {
    if (error_) {
      problems_.expect(false, when + ": open() failed: " + Problems::shown(*error_));
    }
    return reader_ != nullptr;
  }
  // What comes until the source has no more, or `count` events.
  Got read(const ReadLimits& limits, size_t count = SIZE_MAX) {
    Got got;
    ReadLimits waiting = limits;
    waiting.wait = kFirstEvent;
    for (size_t i = 0; i < kReadsMax && got.payloads.size() < count; ++i) {
      EventBlock block;
      auto read = reader_->read(block, waiting, {});
      if (!read) {
        got.error = read.error();
        return got;
      }
      for (const Event& event : block.events) {
        got.payloads.emplace_back(event.raw);
        got.ids.emplace_back(event.id);
        got.orders.emplace_back(event.order);
        got.positions.push_back(read->position);
      }
      if (signals_ && read->caught_up && got.payloads.empty()) {
        if (!problems_.expect(signal_.wait_for(kFirstEvent), "no signal of what is to be read")) {
          return got;
        }
        continue;
      }
      if (read->caught_up || read->end) {
        return got;
      }
      waiting.wait = Duration(0);  // there is more by its own word
    }
    problems_.expect(got.payloads.size() >= count, "reading has no end");
    return got;
  }

 private:
  const bool signals_;
  Problems& problems_;
  TestSignal signal_;
  std::unique_ptr<Source> source_;
  Part part_;
  std::unique_ptr<Reader> reader_;  // dies before its source
  std::optional<Error> error_;
};

// All of the content, an event at a time; nothing, and said, where it does not come.
Got read_whole(SourceFixture& fixture, Problems& problems) {
  Reading reading(fixture, problems);
  if (!reading.expect_open("without a position")) {
    return {};
  }
  Got got = reading.read({.events = 1});
  const bool whole = got.payloads == fixture.content();
  return problems.expect(whole,
                         fmt::format("read {}, not {}", got.shown(), listed(fixture.content())))
             ? got
             : Got{};
}

void expect_growing_orders(const Payloads& orders, Problems& problems) {
  std::string before;
  for (const std::string& order : orders) {
    problems.expect(order.empty() || order > before, "the order does not grow");
    before = order.empty() ? before : order;
  }
}

void reads_its_content(SourceFixture& fixture, Problems& problems) {
  problems.expect(fixture.content().size() >= 3, "the fixture has fewer than three events");
  const Got one_by_one = read_whole(fixture, problems);
  Reading reading(fixture, problems);
  if (!reading.expect_open("once more")) {
    return;
  }
  const Got at_once = reading.read({});
  for (const Got* const got : {&one_by_one, &at_once}) {
    problems.expect(got->payloads == fixture.content(), "read " + got->shown());
    problems.expect(std::set(got->ids.begin(), got->ids.end()).size() == got->ids.size(),
                    "ids repeat: " + listed(got->ids));
    problems.expect(!contains(got->ids, ""), "an event without an id");
    expect_growing_orders(got->orders, problems);
  }
}

SourceTraits traits_of(SourceFixture& fixture, Problems& problems) {
  Reading reading(fixture, problems);
  return reading.source() == nullptr ? SourceTraits{} : reading.source()->traits();
}

bool owns_its_position(SourceFixture& fixture, Problems& problems) {
  return traits_of(fixture, problems).progress == Progress::source_owned;
}

// A source that owns its position resumes behind what it was told to commit.
void resumes_where_it_committed(SourceFixture& fixture, Problems& problems) {
  const Payloads content = fixture.content();
  for (size_t i = 0; i <= content.size(); ++i) {
    Reading reading(fixture, problems);
    if (!reading.expect_open(fmt::format("behind {} committed events", i))) {
      return;
    }
    const Payloads rest(content.begin() + static_cast<ptrdiff_t>(i), content.end());
    if (rest.empty()) {
      EventBlock block;
      problems.expect(reading.reader()->read(block, {}, {}) && block.events.empty(),
                      "what was committed comes again");
      return;
    }
    const Got got = reading.read({.events = 1});
    if (!problems.expect(got.payloads == rest,
                         fmt::format("behind {} committed events: read {}, not {}", i, got.shown(),
                                     listed(rest)))) {
      return;
    }
    problems.expect_success(reading.reader()->commit(got.positions.front(), {}), "commit failed");
  }
}

void resumes_at_each_position(SourceFixture& fixture, Problems& problems) {
  if (owns_its_position(fixture, problems)) {
    return resumes_where_it_committed(fixture, problems);
  }
  const Got whole = read_whole(fixture, problems);
  for (size_t i = 0; i < whole.positions.size(); ++i) {
    const std::string where = fmt::format("behind event {}", i + 1);
    Reading reading(fixture, problems, whole.positions[i]);
    if (!reading.expect_open(where)) {
      continue;
    }
    const Got got = reading.read({});
    const Payloads rest(whole.payloads.begin() + static_cast<ptrdiff_t>(i) + 1,
                        whole.payloads.end());
    problems.expect(got.payloads == rest,
                    fmt::format("{}: read {}, not {}", where, got.shown(), listed(rest)));
    const Payloads ids(whole.ids.begin() + static_cast<ptrdiff_t>(i) + 1, whole.ids.end());
    problems.expect(got.ids == ids, where + ": other ids than at first: " + listed(got.ids));
    const Payloads orders(whole.orders.begin() + static_cast<ptrdiff_t>(i) + 1, whole.orders.end());
    problems.expect(got.orders == orders, where + ": other orders than at first");
  }
}

// What is no position of this source: nothing, noise, and a later version of a good one.
std::vector<Position> unreadable_positions(const Position& good) {
  Position later = good;
  if (!later.empty()) {
    later.front() = later.front() >= '0' && later.front() <= '9' ? '9' : '\x7f';
  }
  return {"",    "nonsense", std::string("\0", 1), std::string(1000, '\xff'),
          later, good + "x", good.substr(0, 1),    "-" + good};
}

std::string printable(const Position& position) {
  std::string text;
  for (const char c : position.substr(0, 40)) {
    text += c >= ' ' && c < 0x7f ? std::string(1, c)
                                 : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return "\"" + text + "\"";
}

void unreadable_position(SourceFixture& fixture, Problems& problems) {
  const Got whole = read_whole(fixture, problems);
  if (whole.positions.empty()) {
    return;
  }
  const bool owns = owns_its_position(fixture, problems);
  for (const Position& bad : unreadable_positions(whole.positions.front())) {
    Reading reading(fixture, problems, owns ? std::nullopt : std::optional(bad));
    if (reading.source() == nullptr) {
      return;
    }
    const std::string where = "at " + printable(bad);
    if (owns) {  // only commit() takes a position, and what it cannot read drops nothing
      if (reading.expect_open(where)) {
        (void)reading.read({});  // a commit is of what was read
        problems.expect(!reading.reader()->commit(bad, {}), where + ": committed");
      }
      continue;
    }
    std::optional<Error> error = reading.open_error();
    if (reading.reader() != nullptr) {
      error = reading.read({}).error;
    }
    if (problems.expect(error.has_value(), where + ": it reads on, as if nothing was wrong")) {
      problems.expect(error->kind == Error::Kind::lost_position,
                      where + ": not lost_position, but " + Problems::shown(*error));
    }
  }
  read_whole(fixture, problems);  // nothing was lost by it
}

void read_never_waits_for_commit(SourceFixture& fixture, Problems& problems) {
  Reading reading(fixture, problems);
  if (!reading.expect_open("without a position")) {
    return;
  }
  const Got first = reading.read({.events = 1}, 1);
  if (!problems.expect(first.positions.size() == 1, "no first event: " + first.shown())) {
    return;
  }
  fixture.hold_commits();
  auto committed = std::async(
      std::launch::async, [&] { return reading.reader()->commit(first.positions.front(), {}); });
  problems.expect(fixture.await_held_commit(), "no commit came to where it is held");
  auto second = std::async(std::launch::async, [&] { return reading.read({.events = 1}, 1); });
  const bool returned = second.wait_for(fixture.patience) == std::future_status::ready;
  problems.expect(returned, "a read waits for a commit");
  problems.expect(committed.wait_for(0s) == std::future_status::timeout,
                  "the commit was not held while it was read");
  fixture.let_go();
  const Got got = second.get();
  problems.expect(got.payloads == Payloads{fixture.content()[1]}, "read " + got.shown());
  problems.expect_success(committed.get(), "the commit failed");
}

// Of a part that is read to its end: a read that waits for more.
class WaitingRead {
 public:
  explicit WaitingRead(Reader& reader)
      : read_(std::async(std::launch::async, [&reader, this] {
          EventBlock block;
          begins_.set_value();
          return reader.read(block, {.wait = 60s}, stop_.get_token());
        })) {
    begins_.get_future().wait();
  }
  ~WaitingRead() { stop_.request_stop(); }
  WaitingRead(const WaitingRead&) = delete;
  WaitingRead& operator=(const WaitingRead&) = delete;
  void expect_return_after_stop(Duration within, Problems& problems) {
    stop_.request_stop();
    if (!problems.expect(read_.wait_for(within) == std::future_status::ready,
                         "the read did not return after its stop")) {
      return;
    }
    const Result<Read> read = read_.get();
    problems.expect(read || read.error().kind == Error::Kind::cancelled,
                    read ? "" : "not cancelled, but " + Problems::shown(read.error()));
  }

 private:
  std::stop_source stop_;
  std::promise<void> begins_;
  std::future<Result<Read>> read_;  // last: it uses the others, and waits when it goes
};

void commit_never_waits_for_read(SourceFixture& fixture, Problems& problems) {
  Reading reading(fixture, problems);
  if (!reading.expect_open("without a position")) {
    return;
  }
  const Got got = reading.read({});
  if (!problems.expect(!got.positions.empty(), "nothing to commit: " + got.shown())) {
    return;
  }
  WaitingRead waiting(*reading.reader());
  // Often, because nobody sees from outside when the read has come to where it waits.
  constexpr int kCommits = 200;
  auto committed = std::async(std::launch::async, [&] {
    Result<> outcome;
    for (int i = 0; i < kCommits && outcome; ++i) {
      outcome = reading.reader()->commit(got.positions.back(), {});
      std::this_thread::yield();
    }
    return outcome;
  });
  problems.expect(committed.wait_for(fixture.patience) == std::future_status::ready,
                  "a commit waits for a read");
  waiting.expect_return_after_stop(fixture.patience, problems);
  problems.expect_success(committed.get(), "the commit failed");
}

void stop(SourceFixture& fixture, Problems& problems) {
  Reading reading(fixture, problems);
  if (!reading.expect_open("without a position")) {
    return;
  }
  reading.read({});
  WaitingRead(*reading.reader()).expect_return_after_stop(fixture.patience, problems);
}

struct Generations {
  Got first, second;
};
Generations read_generations(SourceFixture& fixture, Problems& problems) {
  const Payloads content = fixture.content();
  Got first = read_whole(fixture, problems);
  fixture.replace();
  problems.expect(fixture.content() != content, "the fixture put the same content in its place");
  return {std::move(first), read_whole(fixture, problems)};
}

// What both generations have, of ids or of orders.
void expect_nothing_common(const Payloads& first, const Payloads& second, const std::string& what,
                           Problems& problems) {
  Payloads common;
  for (const std::string& one : first) {
    if (!one.empty() && contains(second, one)) {
      common.push_back(printable(one));
    }
  }
  problems.expect(common.empty(), "two generations have the same " + what + ": " + listed(common));
}

void ids_across_generations(SourceFixture& fixture, Problems& problems) {
  const Generations read = read_generations(fixture, problems);
  expect_nothing_common(read.first.ids, read.second.ids, "ids", problems);
}

void orders_across_generations(SourceFixture& fixture, Problems& problems) {
  const Generations read = read_generations(fixture, problems);
  expect_nothing_common(read.first.orders, read.second.orders, "orders", problems);
  if (traits_of(fixture, problems).generations_ascend && !read.second.orders.empty()) {
    Payloads both = read.first.orders;
    std::ranges::copy(read.second.orders, std::back_inserter(both));
    problems.expect(std::ranges::is_sorted(both),
                    "a later generation has lesser orders than the one before it");
  }
}

// Where the source names a position inside a read, reading goes on there with just that event. A
// source that owns its position is told by a commit.
void position_before(SourceFixture& fixture, Problems& problems) {
  const bool owns = owns_its_position(fixture, problems);
  bool names_any = false;
  for (size_t i = 0; i < fixture.content().size(); ++i) {
    std::optional<Position> before;
    Got whole;
    {
      Reading reading(fixture, problems);
      if (!reading.expect_open("without a position")) {
        return;
      }
      whole = reading.read({});
      const size_t at = owns ? 0 : i;  // what was committed does not come again
      if (!problems.expect(whole.orders.size() > at, "read " + whole.shown())) {
        return;
      }
      // The second but in the first round, so that a source that owns its position moves on.
      const size_t wanted = owns && i > 0 ? 1 : at;
      if (wanted >= whole.orders.size()) {
        break;
      }
      before = reading.source()->position_before(whole.positions.back(), whole.orders[wanted]);
      whole.ids = {whole.ids[wanted]};
      if (before && owns) {
        problems.expect_success(reading.reader()->commit(*before, {}), "commit failed");
      }
    }
    if (!before) {
      continue;
    }
    names_any = true;
    const std::string where = fmt::format("before event {}", i + 1);
    Reading reading(fixture, problems, owns ? std::nullopt : before);
    if (reading.expect_open(where)) {
      const Got got = reading.read({.events = 1}, 1);
      problems.expect(got.ids == whole.ids, where + ": read " + got.shown());
    }
  }
  problems.expect(names_any, "it names no position inside a read");
}

struct Row {
  SourceCase which;
  std::string_view name;
  void (*run)(SourceFixture&, Problems&);
};
constexpr std::array kRows = {
    Row{SourceCase::reads_its_content, "reads_its_content", reads_its_content},
    Row{SourceCase::resumes_at_each_position, "resumes_at_each_position", resumes_at_each_position},
    Row{SourceCase::unreadable_position, "unreadable_position", unreadable_position},
    Row{SourceCase::read_never_waits_for_commit, "read_never_waits_for_commit",
        read_never_waits_for_commit},
    Row{SourceCase::commit_never_waits_for_read, "commit_never_waits_for_read",
        commit_never_waits_for_read},
    Row{SourceCase::ids_across_generations, "ids_across_generations", ids_across_generations},
    Row{SourceCase::orders_across_generations, "orders_across_generations",
        orders_across_generations},
    Row{SourceCase::position_before, "position_before", position_before},
    Row{SourceCase::stop, "stop", stop},
};

const Row& row_of(SourceCase which) {
  const Row& row = kRows.at(static_cast<size_t>(which));
  CHECK(row.which == which);
  return row;
}

[[noreturn]] void missing(const char* function) {
  check_failed(function, "a fixture says that the case is possible, and has no such function", 0);
}

}  // namespace

std::string_view name_of(SourceCase which) {
  return row_of(which).name;
}

void SourceFixture::replace() {
  missing("replace()");
}
void SourceFixture::hold_commits() {
  missing("hold_commits()");
}
bool SourceFixture::await_held_commit() {
  missing("await_held_commit()");
}
void SourceFixture::let_go() {
  missing("let_go()");
}

Problems check(SourceCase which, SourceFixture& fixture) {
  Problems problems;
  row_of(which).run(fixture, problems);
  return problems;
}

}  // namespace penstock::contract
