#include "pipeline_file/plan_rules.h"

#include <fmt/core.h>

#include "config/scalars.h"

namespace penstock::pipeline_file {

namespace {

class Rules {
 public:
  Rules(Plan& plan, config::Problems& problems) : plan_(plan), problems_(problems) {}

  void check(const config::Node* node) {
    const engine::Limits& limits = plan_.limits.limits;
    plan_.read_events_given = node != nullptr && node->find("read_events") != nullptr;
    plan_.read_bytes_given = node != nullptr && node->find("read_bytes") != nullptr;
    if (plan_.read_events_given && limits.read_events > limits.in_flight_events) {
      problems_.add(node->mark, "limits: `read_events` is more than `in_flight_events`");
    }
    if (plan_.read_bytes_given && limits.read_bytes > limits.in_flight_bytes) {
      problems_.add(node->mark, "limits: `read_bytes` is more than `in_flight_bytes`");
    }
    on_reject(plan_.source.shared.on_reject, plan_.source.component.mark, "the source");
    for (const SinkPlan& sink : plan_.sinks) {
      on_reject(sink.shared.on_reject, sink.component.mark, "sink " + sink.shared.name);
      sizes(sink);
    }
    filters_of_raw();
  }

 private:
  // Bytes as they came have no fields: such a filter passes nothing, or all.
  void filters_of_raw() {
    const SourcePlan& source = plan_.source;
    const auto* const entry = source.component.entry;
    if (entry == nullptr ||
        (source.format ? source.format->name : entry->default_format) != "raw") {
      return;
    }
    for (const TransformPlan& transform : plan_.transforms) {
      if (transform.component.connector != "filter") {
        return;  // it may make fields
      }
      for (const std::string_view document : {"before", "after"}) {
        if (transform.component.settings.find(document) != nullptr) {
          plan_.warnings.push_back(fmt::format(
              "{}: the filter asks for `{}`, which events of format `raw` do not have; put "
              "`- parse: {{format: json}}` before it",
              to_string(transform.component.mark), document));
        }
      }
    }
  }

  void on_reject(const std::string& policy, const config::Mark& mark, const std::string& what) {
    const bool letters = policy == "dead_letter" || policy == "quarantine";
    if (letters && !plan_.dead_letter) {
      problems_.add(
          mark, fmt::format("{}: `on_reject: {}` needs an enabled `dead_letter`", what, policy));
    }
    if (policy == "quarantine" && !plan_.checkpoint) {
      problems_.add(mark, fmt::format("{}: `on_reject: quarantine` needs a `checkpoint`, where the "
                                      "keys in quarantine are kept",
                                      what));
    }
  }

  void sizes(const SinkPlan& sink) {
    const engine::Limits& limits = plan_.limits.limits;
    const BatchFields& batch = sink.shared.batch;
    if (batch.events && *batch.events > limits.in_flight_events) {
      plan_.warnings.push_back(fmt::format(
          "{}: sink {}: `batch.events` of {} is never reached, because `limits.in_flight_events` "
          "is {}",
          to_string(sink.component.mark), sink.shared.name, *batch.events,
          limits.in_flight_events));
    }
    if (batch.bytes.bytes > limits.in_flight_bytes) {
      plan_.warnings.push_back(fmt::format(
          "{}: sink {}: `batch.bytes` of {} is never reached, because `limits.in_flight_bytes` is "
          "{}",
          to_string(sink.component.mark), sink.shared.name, to_text(batch.bytes),
          to_text(config::ByteSize{limits.in_flight_bytes})));
    }
  }

  Plan& plan_;
  config::Problems& problems_;
};

}  // namespace

void check_rules(Plan& plan, const config::Node* limits, config::Problems& problems) {
  Rules(plan, problems).check(limits);
}

config::Node without_resnapshot(config::Node source, config::Problems& problems) {
  std::erase_if(source.entries, [&](const auto& entry) {
    const bool is_later = entry.first == "on_lost_position" && entry.second.scalar == "resnapshot";
    if (is_later) {
      problems.add(entry.second.mark,
                   "this build has no `on_lost_position: resnapshot`; it has: "
                   "fail, earliest, latest");
    }
    return is_later;
  });
  return source;
}

}  // namespace penstock::pipeline_file
