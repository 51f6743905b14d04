#include "sim/switches.h"

#include <array>

#include "base/probe.h"

namespace penstock::sim {

namespace {

constexpr std::array<std::string_view, 31> kProbes = {
    "retry_after",
    "chunk_compacted",
    "gap_cuts_object",
    "key_retried_alone",
    "batch_bisected",
    "poison_key_does_not_pause_sink",
    "sink_breaks",
    "sink_recovers",
    "sink_asks_for_a_pause",
    "folder_retried",
    "held_back_behind_rejected",
    "lease_held",
    "part_signalled",
    "part_closed",
    "target_opened_later",
    "source_retried",
    "lost_position_restarts",
    "reading_paused",
    "lane_cut_for_room",
    "barrier_waits",
    "open_object_cut_for_another",
    "write_waits_for_lease",
    "quarantined_key_follows",
    "dead_letter",
    "dead_letter_at_source",
    "key_quarantined",
    "dead_letters_retried",
    "save_retried",
    "lease_renewed",
    "outage_alert",
    "drain_gives_up",
};

std::map<std::string, uint64_t, std::less<>> reached;

}  // namespace

std::span<const std::string_view> expected_probes() {
  return kProbes;
}
const std::map<std::string, uint64_t, std::less<>>& probes() {
  return reached;
}

}  // namespace penstock::sim

namespace penstock {

void probe(std::string_view name) {
  const auto found = sim::reached.find(name);
  if (found != sim::reached.end()) {
    ++found->second;
  } else {
    sim::reached.emplace(name, 1);
  }
}

}  // namespace penstock
