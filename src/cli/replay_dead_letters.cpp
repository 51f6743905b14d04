#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/commands.h"
#include "cli/dead_letters.h"
#include "cli/supervise.h"
#include "core/order_key.h"
#include "core/quarantine.h"
#include "dead_letters/replay.h"
#include "pipeline_file/build.h"

namespace penstock::cli {

namespace {

// The letter's event with the order key that this process gives it.
Event keyed_event(const StoredLetter& letter, const Program& program) {
  Event event = letter.event();
  if (!letter.key.empty()) {
    event.kept_key = letter.key;
    event.order_key = order_key_of_kept(program.hash_key(), letter.key);
  }
  return event;
}

// The keys at one sink that letters wait of. Letters of decoding and transforms hold back their key
// at every sink.
class WaitingKeys {
 public:
  WaitingKeys(std::string name, const Program& program)
      : name_(std::move(name)), program_(program) {}

  void add(const StoredLetter& letter) {
    if (letter.replayed || letter.key.empty() || (letter.sink != name_ && !letter.sink.empty())) {
      return;
    }
    kept_.insert(letter.key);
    const Event event = keyed_event(letter, program_);
    old_.insert(old_order_key_of(event));
    texts_.insert(key_text(event));
  }
  // Of an entry of version 1 at a sink of folders only the text tells the key, so that it waits for
  // that too.
  bool contains(const Quarantined& entry) const {
    const std::optional<Hash128> old = old_key_of(entry.key);
    return old ? old_.contains(*old) || texts_.contains(entry.text) : kept_.contains(entry.key);
  }

 private:
  std::string name_;
  const Program& program_;
  std::set<std::string> kept_, texts_;
  std::set<Hash128> old_;
};

// A key of which no letter waits any more leaves the quarantine: later changes of it go to the sink
// again.
Result<size_t> release_quarantine(const Program& program, OpenedLetters& opened, Timestamp now) {
  TRY(std::optional<Checkpoint> checkpoint, opened.operated.checkpoint->load({}));
  if (!checkpoint || checkpoint->quarantined.empty()) {
    return size_t{0};
  }
  std::map<std::string, WaitingKeys> waiting;
  for (const Quarantined& key : checkpoint->quarantined) {
    waiting.try_emplace(key.sink, key.sink, program);
  }
  TRY(for_each_letter(*opened.archive, {}, [&](const StoredLetter& letter) {
    for (auto& [sink, keys] : waiting) {
      keys.add(letter);
    }
  }));
  Changes changes;
  changes.at = now;
  std::ranges::copy_if(checkpoint->quarantined, std::back_inserter(changes.released),
                       [&](const Quarantined& key) { return !waiting.at(key.sink).contains(key); });
  if (!changes.released.empty()) {
    TRY(opened.operated.checkpoint->save(changes, {}));
  }
  return changes.released.size();
}

// The quarantines of the sinks that a replay goes to.
Result<std::vector<QuarantineSet>> quarantines(const Program& program, const OpenedLetters& opened,
                                               const engine::PipelineSpec& replay) {
  std::optional<Checkpoint> checkpoint;
  if (opened.operated.checkpoint) {
    TRY(checkpoint, opened.operated.checkpoint->load({}));
  }
  std::vector<QuarantineSet> sets;
  for (const engine::SinkSpec& sink : replay.sinks) {
    sets.emplace_back(
        QuarantineOptions{.hash_key = program.hash_key(), .folders = sink.traits.folders});
    if (checkpoint) {
      sets.back().load(checkpoint->quarantined, sink.name);
    }
  }
  return sets;
}

class Replay {
 public:
  Replay(Program& program, OpenedLetters& opened, Signals& signals, const Options& options,
         dead_letters::Waiting& waiting)
      : program_(program),
        opened_(opened),
        signals_(signals),
        is_forced_(options.force),
        is_of_one_place_(options.sink.has_value()),
        waiting_(waiting) {}

  Exit run();
  size_t letters() const { return letters_; }

 private:
  bool turn(const std::string& place);
  Result<> check_overtaken(const std::string& place, const engine::PipelineSpec& spec);
  Result<Exit> send(const std::string& place, std::vector<uint64_t> sequences);
  void tell_what_waits();

  Program& program_;
  OpenedLetters& opened_;
  Signals& signals_;
  const bool is_forced_;
  const bool is_of_one_place_;
  dead_letters::Waiting& waiting_;
  std::set<std::string> begun_;    // places whose letters may go, as was checked
  std::set<std::string> stopped_;  // places of which no more go
  Exit exit_ = Exit::ok;
  bool interrupted_ = false;  // by a signal
  size_t letters_ = 0;        // went back
};

// One place after the other, again and again: what one sends may be what another's letters wait
// for. What stops one stops no other.
Exit Replay::run() {
  bool any = true;
  while (any && !interrupted_) {
    any = false;
    for (const std::string& place : waiting_.places()) {
      any = (!interrupted_ && turn(place)) || any;
    }
  }
  if (!interrupted_) {
    tell_what_waits();
  }
  return exit_;
}

// Whether any letter went back.
bool Replay::turn(const std::string& place) {
  std::vector<uint64_t> ready = waiting_.ready(place);
  if (ready.empty() || stopped_.contains(place)) {
    return false;
  }
  const size_t before = waiting_.chosen(place).size();
  const Result<Exit> exit = send(place, std::move(ready));
  const Exit ended = exit ? *exit : complain(exit.error());
  const std::vector<uint64_t> left = waiting_.chosen(place);
  letters_ += before - left.size();
  if (ended != Exit::ok) {
    stopped_.insert(place);
    exit_ = ended;
  }
  if (exit) {
    // Standard output may be the sink's.
    program_.log().info(
        opened_.operated.pipeline,
        fmt::format("{}: {} dead letters went back{}", shown_sink(place), before - left.size(),
                    left.empty() ? "" : fmt::format(", {} wait", left.size())));
  }
  if (exit && ended == Exit::failed && !left.empty()) {
    Program::complain(fmt::format(
        "{} dead letters of {} wait, the first is number {}. Once mended, replay them {}, or name "
        "the numbers that are to go",
        left.size(), shown_sink(place), left.front(),
        is_of_one_place_
            ? "again"
            : fmt::format("alone with `--sink {}`", place.empty() ? "\"\"" : shown_sink(place))));
  }
  return before > left.size();
}

Result<> Replay::check_overtaken(const std::string& place, const engine::PipelineSpec& spec) {
  if (is_forced_ || !begun_.insert(place).second) {
    return {};
  }
  TRY(const std::vector<QuarantineSet> sets, quarantines(program_, opened_, spec));
  const std::vector<uint64_t> all = waiting_.chosen(place);
  TRY(const std::vector<uint64_t> overtaken,
      dead_letters::may_be_overtaken(*opened_.archive, all,
                                     [&](const StoredLetter& letter) {
                                       const Event event = keyed_event(letter, program_);
                                       return std::ranges::all_of(sets, [&](const auto& set) {
                                         return set.contains(event);
                                       });
                                     },
                                     {}));
  if (overtaken.empty()) {
    return {};
  }
  return fatal(fmt::format(
      "{} of {} dead letters of {} may have been overtaken by a later change of their key that "
      "was delivered, the first is number {}: sending it again could undo that change. Look with "
      "`dead-letter show`, then choose numbers, or use --force",
      overtaken.size(), all.size(), shown_sink(place), overtaken.front()));
}

Result<Exit> Replay::send(const std::string& place, std::vector<uint64_t> sequences) {
  pipeline_file::ReplayOptions options{
      .sink = place,
      .source = dead_letters::make_replay_source(
          *opened_.archive, waiting_,
          {.place = place, .sequences = std::move(sequences), .one_by_one = place.empty()})};
  TRY(pipeline_file::Built built,
      pipeline_file::build_replay(opened_.operated.file, program_.registry(),
                                  program_.context(opened_.operated.pipeline), std::move(options)));
  TRY(check_overtaken(place, built.assembly.spec));
  dead_letters::ReplaySink::Taken taken;
  if (!place.empty()) {
    engine::BuiltSink& only = built.assembly.sinks.front();
    only.sink = std::make_unique<dead_letters::ReplaySink>(
        std::move(only.sink), built.assembly.spec.sinks.front().lanes, taken);
  }
  std::vector<std::unique_ptr<engine::Runner>> runners;
  runners.push_back(
      engine::Runner::make(std::move(built.assembly), program_.clock(), program_.log()));
  runners.front()->start();
  const Exit exit = supervise(program_, runners, signals_, {});
  interrupted_ = exit == Exit::aborted || runners.front()->status().state == engine::State::stopped;
  runners.clear();  // its threads have ended
  for (const std::vector<uint64_t>& of_slot : taken) {
    TRY(waiting_.mark(of_slot, {}));
  }
  return exit;
}

// Of the places that nothing stopped.
void Replay::tell_what_waits() {
  for (const std::string& place : waiting_.places()) {
    const auto held = waiting_.first_held(place);
    if (stopped_.contains(place) || !held) {
      continue;
    }
    Program::complain(fmt::format(
        "{} dead letters of {} wait behind an earlier change of their key that did not go back, "
        "the first is number {}, behind number {}. Replay that one too, or, where it is not to go, "
        "use --force without it",
        waiting_.chosen(place).size(), shown_sink(place), held->letter, held->by));
    exit_ = exit_ == Exit::ok ? Exit::failed : exit_;
  }
}

dead_letters::ReplayChoice choice_of(Program& program, const OpenedLetters& opened,
                                     const Options& options) {
  dead_letters::ReplayChoice choice{
      .sink = options.sink, .sequences = options.sequences, .force = options.force};
  for (const pipeline_file::SinkPlan& sink : opened.operated.plan.sinks) {
    choice.sinks.push_back(sink.shared.name);
  }
  // Without it, where the source cannot be made now, they go back as they stand in the log.
  if (const auto traits = pipeline_file::source_traits(opened.operated.file, program.registry(),
                                                       program.context(opened.operated.pipeline));
      traits) {
    choice.source = *traits;
  }
  return choice;
}

// Under the pipeline's lease, so that a key is not written from two sides at once.
Result<Exit> replay(Program& program, OpenedLetters& opened, const Options& options,
                    Signals& signals) {
  TRY(const bool known, is_known_sink(opened, options.sink.value_or("")));
  if (!known) {
    return Exit::usage;
  }
  TRY(const bool there, are_there(opened, options.sequences));
  if (!there) {
    return Exit::failed;
  }
  std::optional<Lease> lease;
  if (opened.operated.checkpoint) {
    TRY(lease, opened.operated.checkpoint->lease({}));
  }
  TRY(opened.operated.dead_letter->open(opened.operated.pipeline, {}));
  TRY(const std::unique_ptr<dead_letters::Waiting> waiting,
      dead_letters::Waiting::read(*opened.archive, choice_of(program, opened, options), {}));
  Replay replay(program, opened, signals, options, *waiting);
  const Exit exit = replay.run();
  if (replay.letters() == 0 && exit == Exit::ok &&
      !Program::print("nothing to replay: no such dead letter waits\n")) {
    return Exit::failed;
  }
  if (lease && exit != Exit::aborted) {
    TRY(const size_t released, release_quarantine(program, opened, program.clock().wall()));
    if (released > 0 && !Program::print(fmt::format("{} keys left the quarantine\n", released))) {
      return Exit::failed;
    }
  }
  return exit;
}

}  // namespace

Exit replay_dead_letters(Program& program, const Options& options, Signals& signals) {
  auto opened = open_letters(program, options.file);
  if (!opened) {
    Program::complain(opened.error().what);
    return Exit::usage;
  }
  const auto exit = replay(program, *opened, options, signals);
  return exit ? *exit : complain(exit.error());
}

}  // namespace penstock::cli
