#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/operate.h"
#include "cli/supervise.h"
#include "config/nearest.h"
#include "config/problems.h"
#include "dead_letters/replay.h"
#include "doc/json.h"
#include "pipeline_file/build.h"

namespace penstock::cli {

namespace {

constexpr size_t kPage = 500;

Exit complain(const Error& error) {
  Program::complain(error.what);
  return Exit::failed;
}

std::string printable(std::string_view text) {
  std::string out;
  append_printable(text, out);
  return out;
}

std::string shown_sink(const std::string& sink) {
  return sink.empty() ? "(decoding and transforms)" : printable(sink);
}

std::string key_of(const Event& event) {
  std::string key;
  if (event.key) {
    doc::append_json(event.key, key);
  }
  return key.empty() ? "-" : printable(key);
}

template <class Each>
Result<> for_each_letter(DeadLetterArchive& archive, const Each& each) {
  uint64_t after = 0;
  while (true) {
    TRY(const std::vector<StoredLetter> page, archive.list(after, kPage, {}));
    if (page.empty()) {
      return {};
    }
    for (const StoredLetter& letter : page) {
      each(letter);
    }
    after = page.back().sequence;
  }
}

void append_line(const StoredLetter& letter, std::string& out) {
  const Event& event = letter.event();
  append_format(out, "{:>6}  {}  {}  {}  key {}  id {}{}{}\n        {}\n", letter.sequence,
                to_iso8601(letter.at), shown_sink(letter.sink), printable(event.stream),
                key_of(event), printable(event.id), letter.quarantined ? "  quarantined" : "",
                letter.replayed ? "  replayed" : "", printable(letter.error));
}

void append_document(std::string_view name, const Document& document, std::string& out) {
  if (document) {
    std::string json;
    doc::append_json(document, json);
    append_format(out, "{}{}\n", name, printable(json));
  }
}

void append_whole(const StoredLetter& letter, std::string& out) {
  const Event& event = letter.event();
  append_format(out, "number    {}\npipeline  {}\nsink      {}\nrejected  {}\nerror     {}\n",
                letter.sequence, printable(letter.pipeline), shown_sink(letter.sink),
                to_iso8601(letter.at), printable(letter.error));
  append_format(out, "part      {}\nposition  {}\n", printable(letter.part),
                printable(letter.position_text));
  append_format(out, "state     {}{}\n", letter.replayed ? "replayed" : "kept",
                letter.quarantined ? ", follows an earlier rejected event of its key" : "");
  append_format(out, "id        {}\nop        {}\nstream    {}\nat        {}\n",
                printable(event.id), name_of(event.op), printable(event.stream),
                to_iso8601(event.at));
  append_document("key       ", event.key, out);
  append_document("before    ", event.before, out);
  append_document("after     ", event.after, out);
  append_document("meta      ", event.meta, out);
  if (event.has_raw) {
    out += "payload   " + printable(event.raw) + "\n";
  }
  out += '\n';
}

struct Opened {
  Operated operated;
  std::unique_ptr<DeadLetterArchive> archive;  // goes before its store
};

Result<Opened> open(Program& program, const Options& options) {
  TRY(Operated operated, open_dead_letters(program, options.file));
  TRY(auto archive, operated.dead_letter->archive(operated.pipeline));
  return Opened{std::move(operated), std::move(archive)};
}

// The sink of that name by itself, without its pipeline; an error when it has none, or not enabled.
Result<pipeline_file::Built> build_sink(Program& program, const Opened& opened,
                                        const std::string& sink,
                                        const dead_letters::ReplayChoice& choice) {
  pipeline_file::ReplayOptions replay{
      .sink = sink, .source = dead_letters::make_replay_source(*opened.archive, choice)};
  return pipeline_file::build_replay(opened.operated.file, program.registry(),
                                     program.context(opened.operated.pipeline), std::move(replay));
}

// The keys at one sink under which letters wait: its own, and the event's where it could not make
// one. Letters of decoding and transforms hold back their key at every sink.
class WaitingKeys {
 public:
  // Null: the pipeline does not have the sink now, so any letter of it holds back all its keys.
  WaitingKeys(std::string name, std::unique_ptr<Sink> sink)
      : name_(std::move(name)), sink_(std::move(sink)) {}

  void add(const StoredLetter& letter) {
    if (letter.replayed || (letter.sink != name_ && !letter.sink.empty())) {
      return;
    }
    keys_.insert(letter.event().order_key);
    if (sink_ == nullptr) {
      all_ = true;
      return;
    }
    if (const Result<OrderKey> own = sink_->order_key(letter.event()); own) {
      keys_.insert(*own);
    }
  }
  bool contains(const OrderKey& key) const { return all_ || keys_.contains(key); }

 private:
  std::string name_;
  std::unique_ptr<Sink> sink_;
  std::set<OrderKey> keys_;
  bool all_ = false;
};

// A key of which no letter waits any more leaves the quarantine: later changes of it go to the sink
// again.
Result<size_t> release_quarantine(Program& program, Opened& opened) {
  TRY(std::optional<Checkpoint> checkpoint, opened.operated.checkpoint->load({}));
  if (!checkpoint || checkpoint->quarantined.empty()) {
    return size_t{0};
  }
  std::map<std::string, WaitingKeys> waiting;
  for (const Quarantined& key : checkpoint->quarantined) {
    if (!waiting.contains(key.sink)) {
      auto built = build_sink(program, opened, key.sink, {.sink = key.sink});
      waiting.try_emplace(
          key.sink, key.sink,
          built ? std::move(built->assembly.sinks.front().sink) : std::unique_ptr<Sink>());
    }
  }
  TRY(for_each_letter(*opened.archive, [&](const StoredLetter& letter) {
    for (auto& [sink, keys] : waiting) {
      keys.add(letter);
    }
  }));
  Changes changes;
  changes.at = program.clock().wall();
  std::ranges::copy_if(
      checkpoint->quarantined, std::back_inserter(changes.released),
      [&](const Quarantined& key) { return !waiting.at(key.sink).contains(key.key); });
  if (!changes.released.empty()) {
    TRY(opened.operated.checkpoint->save(changes, {}));
  }
  return changes.released.size();
}

using QuarantinedKeys = std::set<std::pair<std::string, OrderKey>>;  // at a sink

Result<QuarantinedKeys> quarantined_keys(const Opened& opened) {
  QuarantinedKeys keys;
  if (opened.operated.checkpoint) {
    TRY(const std::optional<Checkpoint> checkpoint, opened.operated.checkpoint->load({}));
    for (const Quarantined& key :
         checkpoint ? checkpoint->quarantined : std::vector<Quarantined>()) {
      keys.emplace(key.sink, key.key);
    }
  }
  return keys;
}

// Whether the key of a letter is in quarantine at each of the sinks that its replay goes to.
bool is_held(const StoredLetter& letter, const engine::Assembly& replay,
             const QuarantinedKeys& keys) {
  for (size_t i = 0; i < replay.sinks.size(); ++i) {
    const std::string& name = replay.spec.sinks[i].name;
    const Result<OrderKey> own = replay.sinks[i].sink->order_key(letter.event());
    if (!keys.contains({name, letter.event().order_key}) && !(own && keys.contains({name, *own}))) {
      return false;
    }
  }
  return true;
}

// Whether the pipeline has the sink, or letters of it; complains where it has neither.
Result<bool> is_known_sink(const Opened& opened, const std::string& sink) {
  std::vector<std::string> names;
  names.reserve(opened.operated.plan.sinks.size());
  for (const pipeline_file::SinkPlan& plan : opened.operated.plan.sinks) {
    names.push_back(plan.shared.name);
  }
  bool known = sink.empty() || std::ranges::find(names, sink) != names.end();
  TRY(for_each_letter(*opened.archive,
                      [&](const StoredLetter& letter) { known = known || letter.sink == sink; }));
  if (!known) {
    Program::complain(fmt::format("pipeline {} has no enabled sink {}, and no dead letter of it{}",
                                  opened.operated.pipeline, config::quote(sink),
                                  config::hint(sink, names)));
  }
  return known;
}

// Complains about the first that is not there.
Result<bool> are_there(const Opened& opened, std::span<const uint64_t> sequences) {
  std::set<uint64_t> missing(sequences.begin(), sequences.end());
  TRY(for_each_letter(*opened.archive,
                      [&](const StoredLetter& letter) { missing.erase(letter.sequence); }));
  if (!missing.empty()) {
    Program::complain(fmt::format("there is no dead letter number {} of pipeline {}",
                                  *missing.begin(), opened.operated.pipeline));
  }
  return missing.empty();
}

struct Replayed {
  Exit exit = Exit::ok;
  bool interrupted = false;  // by a signal
  size_t letters = 0;        // went back
};

Result<Replayed> replay_sink(Program& program, Opened& opened, const Options& options,
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
  TRY(const QuarantinedKeys keys, quarantined_keys(opened));
  TRY(pipeline_file::Built built, build_sink(program, opened, sink, choice));
  const std::vector<uint64_t> overtaken = dead_letters::may_be_overtaken(
      letters, [&](const StoredLetter& letter) { return is_held(letter, built.assembly, keys); });
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
Replayed replay_sinks(Program& program, Opened& opened, const Options& options,
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
Result<Exit> replay(Program& program, Opened& opened, const Options& options, Signals& signals) {
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
    TRY(const size_t released, release_quarantine(program, opened));
    if (released > 0 && !Program::print(fmt::format("{} keys left the quarantine\n", released))) {
      return Exit::failed;
    }
  }
  return all.exit;
}

}  // namespace

Exit list_dead_letters(Program& program, const Options& options) {
  const auto opened = open(program, options);
  if (!opened) {
    Program::complain(opened.error().what);
    return Exit::usage;
  }
  const auto known = is_known_sink(*opened, options.sink.value_or(""));
  if (!known) {
    return complain(known.error());
  }
  if (!*known) {
    return Exit::usage;
  }
  size_t listed = 0;
  bool printed = true;
  const auto read = for_each_letter(*opened->archive, [&](const StoredLetter& letter) {
    const bool wanted = (!options.sink || *options.sink == letter.sink) &&
                        (options.with_replayed || !letter.replayed);
    if (wanted && printed) {
      std::string line;
      append_line(letter, line);
      printed = Program::print(line);
      ++listed;
    }
  });
  if (!read) {
    return complain(read.error());
  }
  printed = printed && Program::print(fmt::format("{} dead letters\n", listed));
  return printed ? Exit::ok : Exit::failed;
}

Exit show_dead_letters(Program& program, const Options& options) {
  const auto opened = open(program, options);
  if (!opened) {
    Program::complain(opened.error().what);
    return Exit::usage;
  }
  const std::set<uint64_t> wanted(options.sequences.begin(), options.sequences.end());
  std::string out;
  const auto read = for_each_letter(*opened->archive, [&](const StoredLetter& letter) {
    if (wanted.contains(letter.sequence)) {
      append_whole(letter, out);
    }
  });
  if (!read) {
    return complain(read.error());
  }
  if (!Program::print(out)) {
    return Exit::failed;
  }
  const auto there = are_there(*opened, options.sequences);
  if (!there) {
    return complain(there.error());
  }
  return *there ? Exit::ok : Exit::failed;
}

Exit replay_dead_letters(Program& program, const Options& options, Signals& signals) {
  auto opened = open(program, options);
  if (!opened) {
    Program::complain(opened.error().what);
    return Exit::usage;
  }
  const auto exit = replay(program, *opened, options, signals);
  return exit ? *exit : complain(exit.error());
}

}  // namespace penstock::cli
