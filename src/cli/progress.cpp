#include "cli/progress.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/format.h"

namespace penstock::cli {

namespace {

constexpr double kSmoothing = 0.5;  // the weight of the newest interval

std::string seconds(double value) {
  if (value < 60) {
    return fmt::format("{:.1f}s", value);
  }
  if (value < 3600) {
    return fmt::format("{:.0f}m", value / 60);
  }
  return fmt::format("{:.1f}h", value / 3600);
}

void append_count(std::string_view name, uint64_t count, bool with_zero, std::string& out) {
  if (count > 0 || with_zero) {
    append_format(out, " {} {}", name, short_number(static_cast<double>(count)));
  }
}

void append_sinks(const engine::Status& pipeline, bool with_zero, std::string& out) {
  uint64_t retries = 0;
  uint64_t letters = 0;
  for (const engine::SinkStatus& sink : pipeline.sinks) {
    retries += sink.retries;
    letters += sink.dead_letters;
  }
  append_count("retries", retries, with_zero, out);
  append_count("dead letters", letters, false, out);
  for (const engine::SinkStatus& sink : pipeline.sinks) {
    if (sink.failing_for) {
      const double since = std::chrono::duration<double>(*sink.failing_for).count();
      append_format(out, " {} FAILING for {}", sink.name, seconds(since));
    }
  }
}

}  // namespace

uint64_t settled_of(const engine::Status& pipeline) {
  uint64_t settled = 0;
  for (const engine::PartStatus& part : pipeline.parts) {
    settled += part.settled;
  }
  return settled;
}

std::string outcome_of(const engine::Status& pipeline) {
  std::string out;
  const auto add = [&out](std::string_view between, uint64_t count, std::string_view what) {
    if (count > 0) {
      append_format(out, "{}{} {}", between, count, what);
    }
  };
  for (const engine::SinkStatus& sink : pipeline.sinks) {
    out += out.empty() ? "" : "; ";
    out += pipeline.sinks.size() > 1 ? sink.name + ": " : "";
    append_format(out, "{} delivered", sink.events);
    add(", ", sink.dead_letters, sink.dead_letters == 1 ? "dead letter" : "dead letters");
    add(", ", sink.dropped, "dropped");
  }
  add("; ", pipeline.filtered, "filtered out");
  add("; before the sinks: ", pipeline.source_dead_letters,
      pipeline.source_dead_letters == 1 ? "dead letter" : "dead letters");
  add("; before the sinks: ", pipeline.source_dropped, "dropped");
  return out;
}

std::string short_number(double number) {
  if (number < 999.5) {
    return fmt::format("{:.0f}", number);
  }
  if (number < 999'950) {
    return fmt::format("{:.1f}k", number / 1e3);
  }
  if (number < 999'950'000) {
    return fmt::format("{:.1f}M", number / 1e6);
  }
  return fmt::format("{:.1f}G", number / 1e9);
}

std::string Progress::line(std::span<const engine::Status> pipelines, Instant now) {
  const double passed = std::chrono::duration<double>(now - last_).count();
  const bool first = rates_.size() != pipelines.size();
  rates_.resize(pipelines.size());
  const bool is_alone = pipelines.size() == 1;  // several share the width of the terminal
  std::string out;
  for (size_t i = 0; i < pipelines.size(); ++i) {
    const engine::Status& pipeline = pipelines[i];
    Rate& rate = rates_[i];
    const uint64_t settled = settled_of(pipeline);
    if (!first && passed > 0) {
      const double newest = static_cast<double>(settled - rate.settled) / passed;
      rate.per_second += kSmoothing * (newest - rate.per_second);
    }
    rate.settled = settled;
    out += i > 0 ? " | " : "";
    out += pipeline.name;
    using engine::State;
    if (pipeline.state != State::running) {
      append_format(out, " {}", name_of(pipeline.state));
    }
    if (pipeline.state == State::running || pipeline.state == State::draining) {
      if (is_alone) {
        append_format(out, " {} done", short_number(static_cast<double>(settled)));
      }
      append_format(out, " {}/s lag {}", short_number(rate.per_second),
                    seconds(pipeline.lag_seconds));
      append_count("in flight", pipeline.in_flight_events, is_alone, out);
      append_sinks(pipeline, is_alone, out);
    }
  }
  last_ = now;
  return out;
}

}  // namespace penstock::cli
