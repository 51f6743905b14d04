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

// The sink of that name by itself, without its pipeline; an error when it has none, or not enabled.
Result<pipeline_file::Built> build_sink(Program& program, const OpenedLetters& opened,
                                        const std::string& sink,
                                        const dead_letters::ReplayChoice& choice) {
  pipeline_file::ReplayOptions replay{
      .sink = sink, .source = dead_letters::make_replay_source(*opened.archive, choice)};
  return pipeline_file::build_replay(opened.operated.file, program.registry(),
                                     program.context(opened.operated.pipeline), std::move(replay));
}

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
    texts_.insert(quarantined_at(name_, event).text);
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
  TRY(for_each_letter(*opened.archive, [&](const StoredLetter& letter) {
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

struct Replayed {
  Exit exit = Exit::ok;
  bool interrupted = false;  // by a signal
  size_t letters = 0;        // went back
};

Result<Replayed> replay_sink(Program& program, OpenedLetters& opened, const Options& options,
                             const std::string& sink, Signals& signals) {
  dead_letters::ReplayChoice choice{.sink = sink, .sequences = options.sequences};
  TRY(const std::vector<StoredLetter> letters,
      dead_letters::chosen_letters(*opened.archive, choice, {}));
  if (letters.empty()) {
    return Replayed{};
  }
  // Without it, where the source cannot be made now, they go back as they stand in the log.
  if (const auto traits = pipeline_file::source_traits(opened.operated.file, program.registry(),
                                                       program.context(opened.operated.pipeline));
      traits) {
    choice.generation_bytes = traits->generation_bytes;
  }
  TRY(pipeline_file::Built built, build_sink(program, opened, sink, choice));
  TRY(const std::vector<QuarantineSet> sets, quarantines(program, opened, built.assembly.spec));
  const std::vector<uint64_t> overtaken =
      dead_letters::may_be_overtaken(letters, [&](const StoredLetter& letter) {
        const Event event = keyed_event(letter, program);
        return std::ranges::all_of(sets, [&](const auto& set) { return set.contains(event); });
      });
  if (!overtaken.empty() && !options.force) {
    return fatal(fmt::format(
        "{} of {} dead letters of {} may have been overtaken by a later change of their key that "
        "was delivered, the first is number {}: sending it again could undo that change. Look with "
        "`dead-letter show`, then choose numbers, or use --force",
        overtaken.size(), letters.size(), shown_sink(sink), overtaken.front()));
  }
  dead_letters::ReplaySink* taken = nullptr;  // of the runner
  if (!sink.empty()) {
    auto wrapped = std::make_unique<dead_letters::ReplaySink>(
        std::move(built.assembly.sinks.front().sink), built.assembly.spec.sinks.front().lanes);
    taken = wrapped.get();
    built.assembly.sinks.front().sink = std::move(wrapped);
  }
  std::vector<std::unique_ptr<engine::Runner>> runners;
  runners.push_back(
      engine::Runner::make(std::move(built.assembly), program.clock(), program.log()));
  runners.front()->start();
  Replayed replayed{.exit = supervise(program, runners, signals, {})};
  replayed.interrupted =
      replayed.exit == Exit::aborted || runners.front()->status().state == engine::State::stopped;
  const bool ended = runners.front()->wait(Duration{0});  // not where it was aborted in a write
  if (taken != nullptr && ended) {
    TRY(taken->note_taken(*opened.archive, choice, {}));
  }
  TRY(const std::vector<StoredLetter> left,
      dead_letters::chosen_letters(*opened.archive, choice, {}));
  replayed.letters = letters.size() - left.size();
  // Standard output may be the sink's.
  program.log().info(
      opened.operated.pipeline,
      fmt::format("{}: {} dead letters went back{}", shown_sink(sink), replayed.letters,
                  left.empty() ? "" : fmt::format(", {} wait", left.size())));
  if (replayed.exit == Exit::failed && !left.empty()) {
    Program::complain(fmt::format(
        "{} dead letters of {} wait, the first is number {}. Once mended, replay them alone with "
        "`--sink {}`, or name the numbers that are to go",
        left.size(), shown_sink(sink), left.front().sequence,
        sink.empty() ? "\"\"" : shown_sink(sink)));
  }
  return replayed;
}

// One sink after the other; what stops one stops no other.
Replayed replay_sinks(Program& program, OpenedLetters& opened, const Options& options,
                      const std::vector<std::string>& sinks, Signals& signals) {
  Replayed all;
  for (const std::string& sink : sinks) {
    const auto one = replay_sink(program, opened, options, sink, signals);
    if (!one) {
      all.exit = complain(one.error());
      continue;
    }
    all.letters += one->letters;
    all.exit = one->exit == Exit::ok ? all.exit : one->exit;
    all.interrupted = one->interrupted;
    if (all.interrupted) {
      break;
    }
  }
  return all;
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
  std::vector<std::string> sinks;
  if (options.sink) {
    sinks.push_back(*options.sink);
  } else {
    TRY(sinks, dead_letters::sinks_to_replay(*opened.archive, {}));
  }
  const Replayed all = replay_sinks(program, opened, options, sinks, signals);
  if (all.letters == 0 && all.exit == Exit::ok &&
      !Program::print("nothing to replay: no such dead letter waits\n")) {
    return Exit::failed;
  }
  if (lease && all.exit != Exit::aborted) {
    TRY(const size_t released, release_quarantine(program, opened, program.clock().wall()));
    if (released > 0 && !Program::print(fmt::format("{} keys left the quarantine\n", released))) {
      return Exit::failed;
    }
  }
  return all.exit;
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
