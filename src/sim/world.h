// World: everything around the engine in a simulation, and the truth about it: the history of the
// source's parts, what each target really holds, the dead letters, the saved checkpoint. It
// outlives the runs of the pipeline, as real targets outlive a crashed process, and it checks the
// promises of DESIGN at every step. One thread.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/context.h"
#include "engine/assembly.h"
#include "sim/sim_files.h"

namespace penstock::sim {

struct Violation {
  std::string what;
};

enum class Target { keyed, in_order, lake };

struct ScriptedEvent {
  uint32_t part = 0;
  uint32_t index = 0;   // in its part
  std::string key;      // "": no order key
  std::string folder;   // for lakes
  bool poison = false;  // decoding rejects it
  bool barrier = false;
  Instant arrives;                // in the source
  std::vector<bool> rejected_by;  // by sink
  std::vector<bool> taken_by;     // by sink (`when`)
  std::string id() const;
  uint32_t generation() const { return index / 64; }  // leads the order
};

// Some events of the history; none is ever taken out.
class EventSet {
 public:
  void insert(const ScriptedEvent& event) {
    parts_.resize(std::max<size_t>(parts_.size(), event.part + 1));
    std::vector<bool>& part = parts_[event.part];
    part.resize(std::max<size_t>(part.size(), event.index + 1));
    part[event.index] = true;
  }
  bool contains(const ScriptedEvent& event) const {
    return event.part < parts_.size() && event.index < parts_[event.part].size() &&
           parts_[event.part][event.index];
  }

 private:
  std::vector<std::vector<bool>> parts_;
};

// What one sink's target knows of one key: the rule of order (DESIGN 1) as two numbers.
struct KeyHistory {
  std::vector<const ScriptedEvent*> events;  // what the source has for it, in order
  int64_t previous = -1;                     // index of the event applied last
  int64_t known = -1;  // index of the last event that this run was told is durable
  bool again = false;  // a position was lost in this run: what is known may come once more
};

struct TargetState {
  Target kind = Target::keyed;
  engine::OnReject on_reject = engine::OnReject::drop;
  std::map<std::string, KeyHistory> keys;
  EventSet durable, buried;
  std::set<std::string> quarantined;        // keys, as the checkpoint had them when the run began
  std::set<std::string> writing;            // keys of the writes in flight
  std::set<uint32_t> slots;                 // and their slots
  std::map<std::string, uint32_t> slot_of;  // by key, in this run
};

struct Plan {  // drawn from the seed
  uint64_t seed = 0;
  uint32_t parts = 1;
  std::vector<std::optional<uint32_t>> parents;  // by part: read before it
  bool signals = false;                          // the source tells what arrives
  bool durable_order = true;
  uint32_t keys = 10;
  bool liveness = false;  // one key fails for ever; all else must arrive
  std::string stuck_key;
  double partial = 0, whole = 0, ambiguous = 0, reject_whole = 0, throttled = 0, late = 0;
  double failing_save = 0, failing_read = 0, lost_position = 0, failing_letters = 0,
         failing_open = 0, failing_lease = 0, failing_parts = 0, slow_store = 0, failing_commit = 0,
         losing_read = 0;
  bool lease_expires = false;
  Duration lease_life{0};
  Duration outage{0};  // a time in which every write of one sink fails
  uint32_t outage_sink = 0;
  engine::PipelineSpec spec;
};

class World {
 public:
  explicit World(uint64_t seed);
  ~World();

  const Plan& plan() const { return plan_; }
  // A pipeline to run next, over this world; the component objects live in the assembly.
  engine::Assembly assemble();
  void run_starts(uint32_t run);
  void crash(bool machine);

  Random& random() { return random_; }
  Instant now() const { return now_; }
  void set_now(Instant now) { now_ = now; }
  void heal();  // no more injected faults
  bool healed() const { return healed_; }
  bool stuck(const std::string& key) const;

  void violate(std::string what);
  const std::optional<Violation>& violation() const { return violation_; }

  // What arrives next in the source, and tells so.
  Instant next_arrival() const;
  uint32_t take_arrival();
  std::set<uint32_t> listening;  // parts that are open in this run
  // Parts that lost their position while they were read: what is saved of them may go back, behind
  // what was committed before.
  std::set<uint32_t> read_again;

  // The checks, called where the simulator or a component sees something happen.
  void write_starts(uint32_t sink, const Batch& batch);
  void write_ends(uint32_t sink, const Batch& batch);
  void apply(uint32_t sink, const Event& event);
  void told_durable(uint32_t sink, const Event& event);
  void buried(const DeadLetter& letter);
  void check_outage(uint32_t sink);
  void check_lease(Duration deadline, const char* what);
  void check_position(const std::string& part, const Position& position, const char* doing);
  void committed(const std::string& part, const Position& position);
  void reads_again(uint32_t part);
  void check_end();
  void check_all_but_stuck();

  const ScriptedEvent& event_of(const Event& event) const;
  const std::vector<std::vector<ScriptedEvent>>& history() const { return history_; }
  uint32_t trimmed(uint32_t part) const { return trimmed_[part]; }
  TargetState& target(uint32_t sink) { return targets_[sink]; }
  SimFiles& files() { return *files_; }
  static std::string lake_path(uint32_t sink);

  std::optional<Checkpoint> saved;  // as the store holds it
  uint64_t epoch = 0;
  Instant lease_until;
  bool lease_is_out = false;  // not given back
  bool rival_holds_lease = false;

 private:
  void make_plan();
  void make_sinks();
  void make_history();
  void make_source();
  bool disposed(uint32_t sink, const ScriptedEvent& event) const;
  void check_lakes();
  void check_not_quarantined(uint32_t sink, const ScriptedEvent& scripted);
  void check_burial(uint32_t sink, const ScriptedEvent& scripted, bool as_follower);
  void check_batch(uint32_t sink, const Batch& batch);
  void check_not_poisoned(uint32_t sink, const ScriptedEvent& scripted);
  std::string content_of(const std::string& path);
  std::vector<std::string> list(const std::string& folder);

  Random random_;
  Plan plan_;
  std::vector<std::vector<ScriptedEvent>> history_;
  std::vector<uint32_t> trimmed_;  // by part: the source forgot what is before
  std::vector<TargetState> targets_;
  EventSet buried_by_decoding_;
  std::vector<uint32_t> proven_;  // by part: what is before is where it belongs, and stays there
  std::unique_ptr<SimFiles> files_;
  std::optional<Violation> violation_;
  Instant now_;
  bool healed_ = false;
  std::vector<std::pair<Instant, uint32_t>> arrivals_;  // in time
  size_t next_arrival_ = 0;
  uint64_t outage_writes_ = 0;  // in this run
  Instant run_at_;
};

}  // namespace penstock::sim
