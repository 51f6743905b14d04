// Status: what a pipeline says of itself; the only thing of the engine that admin and cli may read.
// A snapshot by value, taken under the runner's lock.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace penstock::engine {

enum class State { starting, running, draining, finished, stopped, failed };
std::string_view name_of(State state);

struct PartStatus {
  std::string id;
  uint64_t read = 0, settled = 0, saved = 0, committed = 0;  // events; I2: each ≥ the next
  Timestamp newest_read, newest_settled;                     // source time
  bool caught_up = false;
  bool ended = false;
  double lag_seconds = 0;                              // as Status::lag_seconds, of this part
  std::optional<Duration> behind = {}, headroom = {};  // as the source tells them
};

// Bucket i counts writes that took at most kLatencyBounds[i]; the last has no bound.
inline constexpr std::array<double, 15> kLatencyBounds = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30};

struct SinkStatus {
  std::string name;
  uint64_t events = 0, bytes = 0, batches = 0;  // durable; of a batch at least one event
  uint64_t retries = 0, rejected = 0, dropped = 0, dead_letters = 0;
  uint64_t queued = 0, parked_keys = 0, writes_in_flight = 0;
  std::array<uint64_t, kLatencyBounds.size() + 1> latency_counts{};
  double latency_seconds = 0;
  std::optional<std::string> failing;  // the error of the longest-waiting retry
  std::optional<Duration> failing_for;

  void add_write(Duration took, bool any_durable);
};

struct Status {
  std::string name;
  State state = State::starting;
  std::string reason;  // why it stopped or failed: with key, sink and error; else what it waits for
  std::vector<PartStatus> parts;
  std::vector<SinkStatus> sinks;
  uint64_t in_flight_events = 0, in_flight_bytes = 0;
  uint64_t in_flight_events_limit = 0, in_flight_bytes_limit = 0;
  uint64_t filtered = 0, quarantined_keys = 0, lost_positions = 0;
  uint64_t source_rejected = 0, source_dropped = 0, source_dead_letters = 0;  // before any sink
  uint64_t saves = 0;
  // Now less the source time of the oldest event on its way; where there is none and more is to be
  // read, of the newest settled one; 0 when caught up.
  double lag_seconds = 0;
  std::optional<Duration> behind = {};    // the most of its parts
  std::optional<Duration> headroom = {};  // the least of its parts
};

}  // namespace penstock::engine
