#include <fmt/core.h>

#include <algorithm>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/operate.h"
#include "cli/position_text.h"
#include "pipeline_file/plan.h"

namespace penstock::cli {

namespace {

Exit complain(const Error& error) {
  Program::complain(error.what);
  return Exit::failed;
}

std::string describe(const std::string& pipeline, const Checkpoint& checkpoint) {
  std::string out = fmt::format("pipeline  {}\nsource    {}\nsaved     {}\n", pipeline,
                                to_text(checkpoint.fingerprint), to_iso8601(checkpoint.at));
  for (const auto& [part, position] : checkpoint.positions) {
    append_format(out, "part      {}\n  position {}\n", to_text(part), to_text(position));
  }
  for (const Quarantined& key : checkpoint.quarantined) {
    std::string text;
    append_printable(key.text, text);
    append_format(out, "quarantined  {} at sink {}\n", text, key.sink);
  }
  return out;
}

// The checkpoint under its lease.
Result<Checkpoint> load_leased(CheckpointStore& store) {
  TRY(store.lease({}));
  TRY(std::optional<Checkpoint> checkpoint, store.load({}));
  if (!checkpoint) {
    return fatal("there is no checkpoint to change: the pipeline has not saved one yet");
  }
  return *std::move(checkpoint);
}

// `rejected` where the source cannot go on from the position. Opening a part at a position reads
// only, in every source that saves one.
Result<> try_position(const Operated& operated, Program& program, const Checkpoint& checkpoint,
                      const std::string& part, const Position& position) {
  TRY(const std::unique_ptr<Source> source, make_source(operated, program));
  const SourceTraits traits = source->traits();
  if (traits.progress != Progress::saved) {
    return {};
  }
  TRY(const std::vector<Part> parts, source->parts(checkpoint, {}));
  const auto found = std::ranges::find(parts, part, &Part::id);
  if (found == parts.end()) {
    return rejected(
        fmt::format("the source {} has no part `{}` now", operated.plan.source.shared.name, part));
  }
  if (const auto reader = source->open(*found, position, {}, {}); !reader) {
    return rejected("--position: " + reader.error().what);
  }
  return {};
}

Result<> change(const Operated& operated, Program& program, const std::string& part,
                const std::optional<Position>& position) {
  CheckpointStore& store = *operated.checkpoint;
  TRY(const Checkpoint checkpoint, load_leased(store));
  Changes changes;
  changes.at = program.clock().wall();
  if (!checkpoint.positions.contains(part)) {
    std::string known;
    for (const auto& [name, saved] : checkpoint.positions) {
      known += (known.empty() ? "" : ", ") + to_text(name);
    }
    return fatal(fmt::format("the checkpoint has no part `{}`; it has: {}", part, known));
  }
  if (position) {
    TRY(try_position(operated, program, checkpoint, part, *position));
    changes.positions.emplace_back(part, *position);
  } else {
    changes.forgotten.push_back(part);
  }
  return store.save(changes, {});
}

Exit change_part(Program& program, const Options& options,
                 const std::optional<Position>& position) {
  auto operated = open_checkpoint(program, options.file);
  if (!operated) {
    Program::complain(operated.error().what);
    return Exit::usage;
  }
  const auto part = position_from(options.part);
  if (!part) {
    Program::complain("--part is no text as `checkpoint show` writes it");
    return Exit::usage;
  }
  if (const auto changed = change(*operated, program, *part, position); !changed) {
    const Exit exit = complain(changed.error());
    return changed.error().kind == Error::Kind::rejected ? Exit::usage : exit;
  }
  const std::string done = position ? fmt::format("now at {}", to_text(*position)) : "forgotten";
  return Program::print(fmt::format("{}: part {}: {}\n", operated->pipeline, options.part, done))
             ? Exit::ok
             : Exit::failed;
}

// Gives how many keys there were.
Result<size_t> end_quarantine(const Operated& operated, Program& program) {
  CheckpointStore& store = *operated.checkpoint;
  TRY(const Checkpoint checkpoint, load_leased(store));
  Changes changes;
  changes.released = checkpoint.quarantined;
  changes.at = program.clock().wall();
  TRY(store.save(changes, {}));
  return changes.released.size();
}

Exit reset_quarantine(Program& program, const Options& options) {
  auto operated = open_checkpoint(program, options.file);
  if (!operated) {
    Program::complain(operated.error().what);
    return Exit::usage;
  }
  const auto keys = end_quarantine(*operated, program);
  if (!keys) {
    return complain(keys.error());
  }
  return Program::print(fmt::format("{}: {} keys left the quarantine; changes of theirs that are "
                                    "dead letters now come after later ones, if at all\n",
                                    operated->pipeline, *keys))
             ? Exit::ok
             : Exit::failed;
}

}  // namespace

Exit show_checkpoint(Program& program, const Options& options) {
  auto operated = open_checkpoint(program, options.file);
  if (!operated) {
    Program::complain(operated.error().what);
    return Exit::usage;
  }
  const auto checkpoint = operated->checkpoint->load({});
  if (!checkpoint) {
    return complain(checkpoint.error());
  }
  const std::string text = *checkpoint
                               ? describe(operated->pipeline, **checkpoint)
                               : fmt::format("pipeline  {}\nno checkpoint\n", operated->pipeline);
  return Program::print(text) ? Exit::ok : Exit::failed;
}

Exit set_checkpoint(Program& program, const Options& options) {
  const auto position = position_from(options.position);
  if (!position || position->empty()) {
    Program::complain("--position is no position as `checkpoint show` writes it");
    return Exit::usage;
  }
  return change_part(program, options, position);
}

Exit reset_checkpoint(Program& program, const Options& options) {
  if (!options.part.empty()) {
    return change_part(program, options, std::nullopt);
  }
  if (options.quarantine) {
    return reset_quarantine(program, options);
  }
  auto operated = open_checkpoint(program, options.file);
  if (!operated) {
    Program::complain(operated.error().what);
    return Exit::usage;
  }
  const auto leased = operated->checkpoint->lease({});
  if (!leased) {
    return complain(leased.error());
  }
  if (const auto reset = operated->checkpoint->reset({}); !reset) {
    return complain(reset.error());
  }
  return Program::print(fmt::format("{}: checkpoint forgotten, the next run begins anew\n",
                                    operated->pipeline))
             ? Exit::ok
             : Exit::failed;
}

}  // namespace penstock::cli
