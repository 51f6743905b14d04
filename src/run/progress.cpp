#include "run/progress.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/format.h"

namespace penstock::run {

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

void append_sinks(const engine::Status& pipeline, std::string& out) {
  uint64_t retries = 0;
  uint64_t letters = 0;
  for (const engine::SinkStatus& sink : pipeline.sinks) {
    retries += sink.retries;
    letters += sink.dead_letters;
  }
  append_format(out, " retries {}", short_number(static_cast<double>(retries)));
  if (letters > 0) {
    append_format(out, " dead letters {}", short_number(static_cast<double>(letters)));
  }
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
      append_format(out, " {} done {}/s lag {} in flight {}",
                    short_number(static_cast<double>(settled)), short_number(rate.per_second),
                    seconds(pipeline.lag_seconds),
                    short_number(static_cast<double>(pipeline.in_flight_events)));
      append_sinks(pipeline, out);
    }
  }
  last_ = now;
  return out;
}

}  // namespace penstock::run
