// PipelineSpec: what the engine needs to know of a pipeline, as numbers and policies; made by
// engine/build from the configuration, and by the simulator from a seed. A value.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/keyed_hash.h"
#include "core/sink.h"
#include "core/source.h"

namespace penstock::engine {

enum class OnReject { stop, drop, dead_letter, quarantine };
enum class OnLostPosition { fail, earliest, latest };

struct RetryPolicy {
  std::optional<int64_t> attempts;        // retries after the first try; absent: without end
  std::optional<Duration> give_up_after;  // `retry.for`; absent: never
  Duration initial = 100ms;
  Duration max = 30s;
};

struct SinkSpec {
  std::string name;  // unique in the pipeline; by default the connector's name
  SinkTraits traits;
  uint32_t batch_events = 500;
  size_t batch_bytes = size_t{4} << 20;
  Duration batch_wait{0};
  uint32_t lanes = 1;
  uint32_t open_folders_max = 64;  // of a sink with folders
  RetryPolicy retry;
  OnReject on_reject = OnReject::stop;
  double rate = 0;             // events a second; 0: no bound
  std::string selection = {};  // Resume::selection
};

struct Limits {
  uint32_t in_flight_events = 100'000;
  size_t in_flight_bytes = size_t{64} << 20;
  uint32_t read_events = 1'000;
  size_t read_bytes = size_t{1} << 20;
  uint32_t quarantined_keys = 10'000;
  uint32_t rejections_in_a_row = 100;
  uint32_t lost_positions_in_a_row = 3;
  uint32_t settled_slots = 10'000'000;  // of a part, behind one that is stuck
};

struct Until {
  bool caught_up = false;  // the bound of --once
  bool end = true;         // the end of all parts ends the run
  std::optional<uint64_t> events;
  std::optional<Duration> deadline;
};

// Where reading begins with the event of this order, in a read that ended at `end`: as
// Source::position_before.
using PositionBefore =
    std::function<std::optional<Position>(const Position& end, std::string_view order)>;

struct PipelineSpec {
  std::string name;
  std::string source_name;
  SourceTraits source;
  std::string fingerprint;
  PositionBefore position_before;  // empty: the source cannot name positions inside a read
  OnReject source_on_reject = OnReject::stop;  // decoding and transforms
  OnLostPosition on_lost_position = OnLostPosition::fail;
  RetryPolicy source_retry;
  std::vector<SinkSpec> sinks;
  RetryPolicy store_retry{.attempts = {}, .give_up_after = {}, .initial = 100ms, .max = 5s};
  bool has_checkpoint = false;
  bool has_dead_letter = false;
  Duration dead_letter_deadline = 20s;  // of one write to it
  bool replay = false;                  // its events are dead letters on their way back
  Limits limits;
  Until until;
  Duration save_every = 1s;
  std::optional<uint64_t> save_every_events;
  Duration discover_every = 1s;
  Duration drain_max = 30s;    // after stop(): what is not delivered by then comes again next time
  Duration closing_max = 10s;  // for the last save and commits
  uint64_t seed = 1;
  HashKey hash_key;  // the process's secret, for order keys
};

}  // namespace penstock::engine
