#include "admin/pages.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/format.h"
#include "base/version.h"

namespace penstock::admin {

namespace {

using engine::PartStatus;
using engine::SinkStatus;
using engine::Status;

// A value of a label: Prometheus escapes these three; other control bytes become blanks.
std::string label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

class MetricsPage {
 public:
  explicit MetricsPage(const Seen& seen)
      : pipelines_(seen.pipelines), components_(seen.components) {}

  std::string page() {
    family("penstock_build_info", "gauge", "The version that runs.");
    print("penstock_build_info{{version=\"{}\"}} 1\n", kVersion);
    states();
    parts();
    flow();
    sinks();
    latency();
    components();
    return std::move(out_);
  }

 private:
  template <class... A>
  void print(fmt::format_string<A...> format, A&&... values) {
    append_format(out_, format, std::forward<A>(values)...);
  }
  void family(std::string_view name, std::string_view type, std::string_view help) {
    print("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  void states() {
    family("penstock_pipeline_state", "gauge", "1 for the state that the pipeline is in.");
    using engine::State;
    for (const Status& pipeline : pipelines_) {
      for (const State state : {State::starting, State::running, State::draining, State::finished,
                                State::stopped, State::failed}) {
        print("penstock_pipeline_state{{pipeline=\"{}\",state=\"{}\"}} {}\n", label(pipeline.name),
              name_of(state), pipeline.state == state ? 1 : 0);
      }
    }
  }

  static std::vector<PartStatus> bounded(std::vector<PartStatus> parts) {
    if (parts.size() <= kPartsMax) {
      return parts;
    }
    PartStatus other;
    other.id = "other";
    for (size_t i = kPartsMax - 1; i < parts.size(); ++i) {
      other.read += parts[i].read;
      other.settled += parts[i].settled;
      other.saved += parts[i].saved;
      other.committed += parts[i].committed;
    }
    parts.resize(kPartsMax - 1);
    parts.push_back(std::move(other));
    return parts;
  }

  void parts() {
    std::vector<std::vector<PartStatus>> all;
    for (const Status& pipeline : pipelines_) {
      all.push_back(bounded(pipeline.parts));
    }
    const auto progress = [&](std::string_view name, std::string_view help,
                              uint64_t PartStatus::* number) {
      family(name, "counter", help);
      for (size_t i = 0; i < all.size(); ++i) {
        for (const PartStatus& part : all[i]) {
          print("{}{{pipeline=\"{}\",part=\"{}\"}} {}\n", name, label(pipelines_[i].name),
                label(part.id), part.*number);
        }
      }
    };
    progress("penstock_read_events_total", "Events read.", &PartStatus::read);
    progress("penstock_settled_events_total",
             "Events of the longest prefix that is durable at every sink.", &PartStatus::settled);
    progress("penstock_saved_events_total", "Events that a saved checkpoint covers.",
             &PartStatus::saved);
    progress("penstock_committed_events_total", "Events committed to the source.",
             &PartStatus::committed);
  }

  template <class Number>
  void of_pipeline(std::string_view name, std::string_view type, std::string_view help,
                   Number Status::* number) {
    family(name, type, help);
    for (const Status& pipeline : pipelines_) {
      print("{}{{pipeline=\"{}\"}} {}\n", name, label(pipeline.name), pipeline.*number);
    }
  }

  // Of the sources that tell it.
  void of_source(std::string_view name, std::string_view help,
                 std::optional<Duration> Status::* value) {
    family(name, "gauge", help);
    for (const Status& pipeline : pipelines_) {
      if (const auto& known = pipeline.*value) {
        print("{}{{pipeline=\"{}\"}} {}\n", name, label(pipeline.name),
              std::chrono::duration<double>(*known).count());
      }
    }
  }

  void flow() {
    of_source("penstock_source_behind_seconds", "Age of what is read next, as the source tells it.",
              &Status::behind);
    of_source("penstock_source_headroom_seconds",
              "Time until the position falls off the source's retention, as it tells it.",
              &Status::headroom);
    of_pipeline("penstock_lag_seconds", "gauge",
                "Age of the oldest event on its way, by the source's time; 0 when caught up.",
                &Status::lag_seconds);
    of_pipeline("penstock_in_flight_events", "gauge", "Events read and not settled.",
                &Status::in_flight_events);
    of_pipeline("penstock_in_flight_events_limit", "gauge", "The most of them.",
                &Status::in_flight_events_limit);
    of_pipeline("penstock_in_flight_bytes", "gauge", "Memory that unsettled events hold.",
                &Status::in_flight_bytes);
    of_pipeline("penstock_in_flight_bytes_limit", "gauge", "The most of it.",
                &Status::in_flight_bytes_limit);
    of_pipeline("penstock_filtered_events_total", "counter", "Events that no sink takes.",
                &Status::filtered);
    of_pipeline("penstock_source_rejected_events_total", "counter",
                "Events that decoding or a transform rejected.", &Status::source_rejected);
    of_pipeline("penstock_source_dropped_events_total", "counter", "Of these, what was dropped.",
                &Status::source_dropped);
    of_pipeline("penstock_source_dead_letter_events_total", "counter",
                "Of these, what is durable in the dead letters.", &Status::source_dead_letters);
    of_pipeline("penstock_quarantined_keys", "gauge",
                "Keys whose changes follow an earlier one into the dead letters.",
                &Status::quarantined_keys);
    of_pipeline("penstock_lost_positions_total", "counter",
                "Times that the source had lost what the position points at.",
                &Status::lost_positions);
    of_pipeline("penstock_checkpoint_saves_total", "counter", "Checkpoints saved.", &Status::saves);
  }

  void of_sink(std::string_view name, std::string_view type, std::string_view help,
               uint64_t SinkStatus::* number) {
    family(name, type, help);
    for (const Status& pipeline : pipelines_) {
      for (const SinkStatus& sink : pipeline.sinks) {
        print("{}{{pipeline=\"{}\",sink=\"{}\"}} {}\n", name, label(pipeline.name),
              label(sink.name), sink.*number);
      }
    }
  }

  void sinks() {
    of_sink("penstock_written_events_total", "counter", "Events durable at the sink.",
            &SinkStatus::events);
    of_sink("penstock_written_bytes_total", "counter", "Payload bytes durable at the sink.",
            &SinkStatus::bytes);
    of_sink("penstock_written_batches_total", "counter", "Batches durable at the sink.",
            &SinkStatus::batches);
    of_sink("penstock_retried_events_total", "counter", "Events to be sent again after a failure.",
            &SinkStatus::retries);
    of_sink("penstock_rejected_events_total", "counter", "Events that the sink will never take.",
            &SinkStatus::rejected);
    of_sink("penstock_dropped_events_total", "counter", "Rejected events that were dropped.",
            &SinkStatus::dropped);
    of_sink("penstock_dead_letter_events_total", "counter",
            "Rejected events that are durable in the dead letters.", &SinkStatus::dead_letters);
    of_sink("penstock_queued_events", "gauge", "Events that wait for a write.",
            &SinkStatus::queued);
    of_sink("penstock_parked_keys", "gauge", "Keys that wait for a retry.",
            &SinkStatus::parked_keys);
    of_sink("penstock_writes_in_flight", "gauge", "Writes under way.",
            &SinkStatus::writes_in_flight);
    family("penstock_sink_failing_seconds", "gauge",
           "How long the longest-waiting retry has been failing; 0 when none is.");
    for (const Status& pipeline : pipelines_) {
      for (const SinkStatus& sink : pipeline.sinks) {
        print("penstock_sink_failing_seconds{{pipeline=\"{}\",sink=\"{}\"}} {:.3f}\n",
              label(pipeline.name), label(sink.name),
              std::chrono::duration<double>(sink.failing_for.value_or(Duration{0})).count());
      }
    }
  }

  void latency() {
    family("penstock_write_seconds", "histogram", "How long a write took.");
    for (const Status& pipeline : pipelines_) {
      for (const SinkStatus& sink : pipeline.sinks) {
        const std::string labels =
            fmt::format("pipeline=\"{}\",sink=\"{}\"", label(pipeline.name), label(sink.name));
        uint64_t sum = 0;
        for (size_t i = 0; i < sink.latency_counts.size(); ++i) {
          sum += sink.latency_counts[i];
          const std::string bound = i < engine::kLatencyBounds.size()
                                        ? fmt::format("{}", engine::kLatencyBounds[i])
                                        : "+Inf";
          print("penstock_write_seconds_bucket{{{},le=\"{}\"}} {}\n", labels, bound, sum);
        }
        print("penstock_write_seconds_sum{{{}}} {}\n", labels, sink.latency_seconds);
        print("penstock_write_seconds_count{{{}}} {}\n", labels, sum);
      }
    }
  }

  void components() {
    for (const Metrics::Family& metrics : components_) {
      family(metrics.name, metrics.is_counter ? "counter" : "gauge", metrics.help);
      for (const Metrics::Series& series : metrics.series) {
        print("{}{{", metrics.name);
        std::string_view between;
        for (const auto& [name, value] : series.labels) {
          print("{}{}=\"{}\"", between, name, label(value));
          between = ",";
        }
        print("}} {}\n", series.value);
      }
    }
  }

  std::span<const Status> pipelines_;
  std::span<const Metrics::Family> components_;
  std::string out_;
};

}  // namespace

std::string metrics_page(const Seen& seen) {
  return MetricsPage(seen).page();
}

Ready readiness(std::span<const Status> pipelines) {
  Ready result{.ready = true, .text = ""};
  for (const Status& pipeline : pipelines) {
    using engine::State;
    const State state = pipeline.state;
    if (state == State::running || state == State::draining || state == State::finished) {
      continue;
    }
    result.ready = false;
    append_format(result.text, "{}{}: {}{}{}", result.text.empty() ? "" : "\n", pipeline.name,
                  name_of(state), pipeline.reason.empty() ? "" : ": ", pipeline.reason);
  }
  if (result.ready) {
    result.text = "ready";
  }
  return result;
}

}  // namespace penstock::admin
