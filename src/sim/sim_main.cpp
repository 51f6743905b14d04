// penstock-sim: runs seeds of the simulator, first those that once broke a promise (seeds.txt).
// Exit 1, and the seed, on a broken promise.
#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/simulator.h"
#include "sim/switches.h"

namespace {

using namespace penstock;

int usage() {
  std::fputs(
      "usage: penstock-sim [--seeds N] [--from S] [--probes]\n"
      "  --seeds N  how many seeds (default 1000)\n"
      "  --from S   the first of them (default 1)\n"
      "  --probes   each rare branch must be reached within the seeds\n"
      "Exit code: 0 all promises held; 1 one was broken (the seed is printed); 2 usage.\n",
      stderr);
  return 2;
}

int check_probes() {
  int missed = 0;
  for (const std::string_view probe : sim::expected_probes()) {
    const auto found = sim::probes().find(probe);
    const uint64_t times = found == sim::probes().end() ? 0 : found->second;
    missed += times == 0 ? 1 : 0;
    fmt::print("{:36} {}\n", probe, times == 0 ? "NOT REACHED" : fmt::format("{} times", times));
  }
  return missed == 0 ? 0 : 1;
}

// The seeds of seeds.txt, one a line with the reason behind it; nothing where a line is no seed.
std::optional<std::vector<uint64_t>> kept_seeds() {
  std::ifstream file(PENSTOCK_SEEDS);
  std::vector<uint64_t> seeds;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line.front() == '#') {
      continue;
    }
    seeds.push_back(std::strtoull(line.c_str(), nullptr, 10));
    if (seeds.back() == 0 || line.find_first_not_of("0123456789 ") == std::string::npos) {
      fmt::print(stderr, "{}: no `seed  why`: {}\n", PENSTOCK_SEEDS, line);
      return std::nullopt;
    }
  }
  if (!file.eof()) {
    fmt::print(stderr, "{}: cannot be read\n", PENSTOCK_SEEDS);
    return std::nullopt;
  }
  return seeds;
}

int run_seeds(uint64_t from, uint64_t seeds) {
  std::optional<std::vector<uint64_t>> all = kept_seeds();
  if (!all) {
    return 2;
  }
  const size_t kept = all->size();
  for (uint64_t seed = from; seed < from + seeds; ++seed) {
    all->push_back(seed);
  }
  uint64_t events = 0, crashes = 0, runs = 0, several = 0;
  for (size_t i = 0; i < all->size(); ++i) {
    const uint64_t seed = (*all)[i];
    const sim::Outcome outcome = sim::simulate(seed);
    if (outcome.violation) {
      fmt::print("seed {}: {}\n{}", seed, *outcome.violation, sim::describe(seed));
      fmt::print("repeat it with: penstock-sim --seeds 1 --from {}\n", seed);
      if (i >= kept) {
        fmt::print("keep it with this line in src/sim/seeds.txt:\n{}  {}\n", seed,
                   *outcome.violation);
      }
      fmt::print("{} passed, 1 failed, 0 skipped\n", i);
      return 1;
    }
    events += outcome.events;
    crashes += outcome.crashes;
    runs += outcome.runs;
    several += outcome.sinks > 1 ? 1 : 0;
  }
  fmt::print("{} kept seeds, {} from {}: {} events, {} runs, {} crashes, {} with several sinks\n",
             kept, seeds, from, events, runs, crashes, several);
  fmt::print("{} passed, 0 failed, 0 skipped\n", all->size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t seeds = 1000;
  uint64_t from = 1;
  bool probes = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    const bool has_value = i + 1 < argc;
    if (option == "--probes") {
      probes = true;
    } else if (option == "--seeds" && has_value) {
      seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (option == "--from" && has_value) {
      from = std::strtoull(argv[++i], nullptr, 10);
    } else {
      return usage();
    }
  }
  if (seeds == 0) {
    return usage();
  }
  const int result = run_seeds(from, seeds);
  return result != 0 || !probes ? result : check_probes();
}
