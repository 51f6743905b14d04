#include "cli/supervise.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/progress.h"

namespace penstock::cli {

namespace {

constexpr Duration kSignalsEvery = 50ms;  // how late a signal may be noticed
constexpr Duration kProgressEvery = 250ms;
constexpr Duration kSummaryEvery = 60s;  // elsewhere, where something moved
constexpr Duration kAbortWait = 2s;      // then the process ends whatever its threads do

class Supervisor {
 public:
  Supervisor(Program& program, std::vector<std::unique_ptr<engine::Runner>>& runners,
             Signals& signals, const SuperviseOptions& options)
      : program_(program), runners_(runners), signals_(signals), options_(options) {
    states_.resize(runners.size(), engine::State::starting);
    summed_.resize(runners.size());
    summed_at_ = program.clock().now();
  }

  Exit run() {
    while (true) {
      engine::Runner* const waiting = first_running();
      if (waiting == nullptr) {
        break;
      }
      (void)waiting->wait(kSignalsEvery);  // either way the next round looks again
      for (int i = signals_.take(); i > 0; --i) {
        on_signal();
      }
      if (abort_until_ && program_.clock().now() > *abort_until_) {
        break;
      }
      show();
    }
    show_at_ = {};
    show();
    program_.log().progress("");
    return outcome();
  }

 private:
  engine::Runner* first_running() {
    for (const auto& runner : runners_) {
      if (!runner->wait(Duration{0})) {
        return runner.get();
      }
    }
    return nullptr;
  }

  void on_signal() {
    if (!draining_) {
      draining_ = true;
      program_.log().info("",
                          "draining: what was read is delivered and saved; a second signal "
                          "does not wait for it");
      stop_all();
      return;
    }
    if (!abort_until_) {
      abort_until_ = program_.clock().now() + kAbortWait;
      program_.log().warn(
          "",
          "aborting: what was not delivered comes again with the next run, where its "
          "source can give it again");
      for (const auto& runner : runners_) {
        runner->abort();
      }
    }
  }

  void stop_all() {
    for (const auto& runner : runners_) {
      runner->stop();
    }
  }

  void show() {
    const Instant now = program_.clock().now();
    const bool on_terminal = program_.log().is_terminal();
    if (now < show_at_) {
      return;
    }
    show_at_ = now + kProgressEvery;  // a status of thousands of parts is work
    const std::vector<engine::Status> all = statuses_of(runners_);
    note_changes(all);
    if (on_terminal) {
      program_.log().progress(progress_.line(all, now));
      return;
    }
    if (now - summed_at_ >= kSummaryEvery) {
      summarise(all, now);
    }
  }

  void note_changes(const std::vector<engine::Status>& all) {
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].state == states_[i]) {
        continue;
      }
      states_[i] = all[i].state;
      using engine::State;
      if (all[i].state == State::running) {
        program_.log().info(all[i].name, "running");
      } else if (is_end(all[i].state)) {
        note_end(all[i]);
      }
    }
  }

  static bool is_end(engine::State state) {
    using engine::State;
    return state == State::finished || state == State::stopped || state == State::failed;
  }

  void note_end(const engine::Status& pipeline) {
    const bool failed = pipeline.state == engine::State::failed;
    std::string text = fmt::format("{}: {}", name_of(pipeline.state), outcome_of(pipeline));
    if (!failed && !pipeline.reason.empty()) {
      text += "; " + pipeline.reason;
    }
    if (failed) {
      program_.log().error(pipeline.name, text);  // why it failed was logged when it did
    } else {
      program_.log().info(pipeline.name, text);
    }
    if (failed && options_.fail_fast && !draining_) {
      draining_ = true;
      program_.log().info("", "draining all pipelines, because one failed and --fail-fast is set");
      stop_all();
    }
  }

  void summarise(const std::vector<engine::Status>& all, Instant now) {
    for (size_t i = 0; i < all.size(); ++i) {
      const uint64_t settled = settled_of(all[i]);
      const bool moved = settled != summed_[i] || all[i].in_flight_events > 0;
      if (!is_end(all[i].state) && moved) {
        const double passed = std::chrono::duration<double>(now - summed_at_).count();
        program_.log().info(all[i].name,
                            fmt::format("{} events done, {:.1f}/s, lag {:.1f} s, {} in flight",
                                        settled, static_cast<double>(settled - summed_[i]) / passed,
                                        all[i].lag_seconds, all[i].in_flight_events));
      }
      summed_[i] = settled;
    }
    summed_at_ = now;
  }

  Exit outcome() const {
    if (abort_until_) {
      return Exit::aborted;
    }
    const std::vector<engine::Status> all = statuses_of(runners_);
    const bool failed = std::ranges::any_of(all, [](const engine::Status& pipeline) {
      // A drain that had to give up says why.
      return pipeline.state == engine::State::failed ||
             (pipeline.state == engine::State::stopped && !pipeline.reason.empty());
    });
    return failed ? Exit::failed : Exit::ok;
  }

  Program& program_;
  std::vector<std::unique_ptr<engine::Runner>>& runners_;
  Signals& signals_;
  const SuperviseOptions options_;
  std::vector<engine::State> states_;  // as last told
  Progress progress_;
  Instant show_at_{};
  std::vector<uint64_t> summed_;  // settled, at summed_at_
  Instant summed_at_;
  bool draining_ = false;
  std::optional<Instant> abort_until_;
};

}  // namespace

std::vector<engine::Status> statuses_of(
    const std::vector<std::unique_ptr<engine::Runner>>& runners) {
  std::vector<engine::Status> all(runners.size());
  std::ranges::transform(runners, all.begin(), [](const auto& runner) { return runner->status(); });
  return all;
}

Exit supervise(Program& program, std::vector<std::unique_ptr<engine::Runner>>& runners,
               Signals& signals, const SuperviseOptions& options) {
  return Supervisor(program, runners, signals, options).run();
}

}  // namespace penstock::cli
