// Timers: the pipeline's one heap of instants. An owner (kind and index) has at most one that
// counts, the earliest it asked for. Used under the runner's lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/time.h"

namespace penstock::engine {

class Timers {
 public:
  enum class Kind : uint8_t {
    lease,     // to be taken once more, or renewed
    open,      // a sink, or the dead letter store, is to be opened once more
    discover,  // the source is asked for its parts
    part,      // may be read, or opened, again
    queue,     // a queue of a sink may write
    sink,      // the pause of a sink ends
    commit,    // a part may be committed again
    letters,   // the dead letters may be written again
    save,      // the checkpoint may be saved
    until,     // until.deadline
    drain,     // its grace period is over
    closing,   // no more time for the last save and commits
  };
  struct Due {
    Kind kind;
    uint64_t index;
  };

  void arm(Kind kind, uint64_t index, Instant at) {
    Instant& armed = armed_.try_emplace(key_of(kind, index), Instant::never()).first->second;
    if (at >= armed) {
      return;
    }
    armed = at;
    if (heap_.size() > 2 * armed_.size() + 64) {  // of entries that no longer count
      heap_.clear();
      for (const auto& [key, instant] : armed_) {
        heap_.push_back({instant, key});
      }
      std::ranges::make_heap(heap_, Later());
      return;
    }
    heap_.push_back({at, key_of(kind, index)});
    std::ranges::push_heap(heap_, Later());
  }
  // The next one that is due; it no longer counts.
  std::optional<Due> pop(Instant now) {
    while (!heap_.empty() && heap_.front().at <= now) {
      const Entry entry = heap_.front();
      std::ranges::pop_heap(heap_, Later());
      heap_.pop_back();
      const auto armed = armed_.find(entry.key);
      if (armed != armed_.end() && armed->second == entry.at) {
        armed_.erase(armed);
        return Due{static_cast<Kind>(entry.key >> kIndexBits), entry.key & kIndexMask};
      }
    }
    return std::nullopt;
  }
  // Perhaps that of an entry that no longer counts: then pop() gives nothing.
  Instant next() const { return heap_.empty() ? Instant::never() : heap_.front().at; }

 private:
  struct Entry {
    Instant at;
    uint64_t key;
  };
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const { return a.at > b.at; }
  };
  static constexpr int kIndexBits = 56;
  static constexpr uint64_t kIndexMask = (uint64_t{1} << kIndexBits) - 1;
  static uint64_t key_of(Kind kind, uint64_t index) {
    return static_cast<uint64_t>(kind) << kIndexBits | index;
  }

  std::vector<Entry> heap_;
  std::unordered_map<uint64_t, Instant> armed_;
};

}  // namespace penstock::engine
