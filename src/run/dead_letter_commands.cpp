#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "dead_letters/replay.h"
#include "doc/json.h"
#include "engine/build.h"
#include "run/commands.h"
#include "run/operate.h"
#include "run/supervise.h"

namespace penstock::run {

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
  fmt::format_to(std::back_inserter(out), "{:>6}  {}  {}  {}  key {}  id {}{}{}\n        {}\n",
                 letter.sequence, to_iso8601(letter.at), shown_sink(letter.sink),
                 printable(event.stream), key_of(event), printable(event.id),
                 letter.quarantined ? "  quarantined" : "", letter.replayed ? "  replayed" : "",
                 printable(letter.error));
}

void append_document(std::string_view name, const Document& document, std::string& out) {
  if (document) {
    std::string json;
    doc::append_json(document, json);
    fmt::format_to(std::back_inserter(out), "{}{}\n", name, printable(json));
  }
}

void append_whole(const StoredLetter& letter, std::string& out) {
  const Event& event = letter.event();
  auto to = std::back_inserter(out);
  fmt::format_to(to, "number    {}\npipeline  {}\nsink      {}\nrejected  {}\nerror     {}\n",
                 letter.sequence, printable(letter.pipeline), shown_sink(letter.sink),
                 to_iso8601(letter.at), printable(letter.error));
  fmt::format_to(to, "part      {}\nposition  {}\n", printable(letter.part),
                 printable(letter.position_text));
  fmt::format_to(to, "state     {}{}\n", letter.replayed ? "replayed" : "kept",
                 letter.quarantined ? ", follows an earlier rejected event of its key" : "");
  fmt::format_to(to, "id        {}\nop        {}\nstream    {}\nat        {}\n",
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

// What was replayed leaves the quarantine: later changes of the key go to the sink again.
Result<size_t> release_quarantine(Program& program, Opened& opened, const Lease& lease) {
  TRY(std::optional<Checkpoint> checkpoint, opened.operated.checkpoint->load({}));
  if (!checkpoint || checkpoint->quarantined.empty()) {
    return size_t{0};
  }
  std::set<std::pair<std::string, OrderKey>> kept;
  TRY(for_each_letter(*opened.archive, [&](const StoredLetter& letter) {
    if (!letter.replayed) {
      kept.emplace(letter.sink, letter.event().order_key);
    }
  }));
  const size_t released = std::erase_if(checkpoint->quarantined, [&](const Quarantined& key) {
    return !kept.contains({key.sink, key.key});
  });
  checkpoint->epoch = lease.epoch;
  checkpoint->at = program.clock().wall();
  TRY(opened.operated.checkpoint->save(*checkpoint, {}));
  return released;
}

Result<Exit> replay_sink(Program& program, Opened& opened, const Options& options,
                         const std::string& sink, Signals& signals) {
  const dead_letters::ReplayChoice choice{.sink = sink, .sequences = options.sequences};
  TRY(const std::vector<StoredLetter> letters,
      dead_letters::chosen_letters(*opened.archive, choice, {}));
  if (letters.empty()) {
    return Exit::ok;
  }
  const std::vector<uint64_t> overtaken = dead_letters::may_be_overtaken(letters);
  if (!overtaken.empty() && !options.force) {
    return fatal(fmt::format(
        "{} of {} dead letters of {} may have been overtaken by a later change of their key that "
        "was delivered, the first is number {}: sending it again could undo that change. Look with "
        "`dead-letter show`, then choose numbers, or use --force",
        overtaken.size(), letters.size(), shown_sink(sink), overtaken.front()));
  }
  engine::ReplayOptions replay{.sink = sink,
                               .source = dead_letters::make_replay_source(*opened.archive, choice)};
  TRY(engine::Built built,
      engine::build_replay(opened.operated.file, program.registry(),
                           program.context(opened.operated.pipeline), std::move(replay)));
  std::vector<std::unique_ptr<engine::Runner>> runners;
  runners.push_back(
      engine::Runner::make(std::move(built.assembly), program.clock(), program.log()));
  runners.front()->start();
  const Exit exit = supervise(program, runners, signals, {});
  if (exit == Exit::ok) {
    const std::string done =
        fmt::format("{}: {} dead letters went back\n", shown_sink(sink), letters.size());
    return Program::print(done) ? Exit::ok : Exit::failed;
  }
  return exit;
}

// Under the pipeline's lease, so that a key is not written from two sides at once.
Result<Exit> replay(Program& program, Opened& opened, const Options& options, Signals& signals) {
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
  for (const std::string& sink : sinks) {
    TRY(const Exit exit, replay_sink(program, opened, options, sink, signals));
    if (exit != Exit::ok) {
      return exit;
    }
  }
  if (lease) {
    TRY(const size_t released, release_quarantine(program, opened, *lease));
    if (released > 0 && !Program::print(fmt::format("{} keys left the quarantine\n", released))) {
      return Exit::failed;
    }
  }
  return Exit::ok;
}

}  // namespace

Exit list_dead_letters(Program& program, const Options& options) {
  const auto opened = open(program, options);
  if (!opened) {
    Program::complain(opened.error().what);
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
  std::set<uint64_t> missing(options.sequences.begin(), options.sequences.end());
  std::string out;
  const auto read = for_each_letter(*opened->archive, [&](const StoredLetter& letter) {
    if (missing.erase(letter.sequence) > 0) {
      append_whole(letter, out);
    }
  });
  if (!read) {
    return complain(read.error());
  }
  if (!Program::print(out)) {
    return Exit::failed;
  }
  if (!missing.empty()) {
    Program::complain(fmt::format("there is no dead letter number {} of pipeline {}",
                                  *missing.begin(), opened->operated.pipeline));
    return Exit::failed;
  }
  return Exit::ok;
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

}  // namespace penstock::run
