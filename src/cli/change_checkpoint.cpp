#include "cli/change_checkpoint.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/position_text.h"
#include "pipeline_file/plan.h"

namespace penstock::cli {

Result<Checkpoint> load_leased(CheckpointStore& store) {
  TRY(store.lease({}));
  TRY(std::optional<Checkpoint> checkpoint, store.load({}));
  if (!checkpoint) {
    return fatal("there is no checkpoint to change: the pipeline has not saved one yet");
  }
  return *std::move(checkpoint);
}

namespace {

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

}  // namespace

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

}  // namespace penstock::cli
