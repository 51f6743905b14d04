#include "admin/pages.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "base/json_string.h"
#include "base/system_log.h"
#include "base/version.h"

namespace penstock::admin {

namespace {

using engine::PartStatus;
using engine::SinkStatus;
using engine::Status;

// Writes members of objects, with the commas between them.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  template <class T>
  void number(std::string_view name, T value) {
    key(name);
    append_format(out_, "{}", value);
  }
  void flag(std::string_view name, bool value) {
    key(name);
    out_ += value ? "true" : "false";
  }
  void text(std::string_view name, std::string_view value) {
    key(name);
    // Names of files and texts of peers may be no UTF-8, which JSON must be.
    append_json_printable(value, out_);
  }
  void labels(std::string_view name, const MetricLabels& labels) {
    key(name);
    out_ += '{';
    Writer inner(out_);
    for (const auto& [label, value] : labels) {
      inner.text(label, value);
    }
    out_ += '}';
  }
  void time(std::string_view name, Timestamp value) {
    if (value.micros == 0) {
      return;  // no event yet
    }
    key(name);
    out_ += '"';
    append_iso8601(value, out_);
    out_ += '"';
  }
  void seconds(std::string_view name, Duration value) {
    key(name);
    append_format(out_, "{:.3f}", std::chrono::duration<double>(value).count());
  }
  template <class Items, class Each>
  void list(std::string_view name, const Items& items, const Each& each) {
    key(name);
    out_ += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      out_ += i > 0 ? ",{" : "{";
      Writer inner(out_);
      each(inner, items[i]);
      out_ += '}';
    }
    out_ += ']';
  }

 private:
  void key(std::string_view name) {
    out_ += first_ ? "" : ",";
    first_ = false;
    append_json_string(name, out_);
    out_ += ':';
  }
  std::string& out_;
  bool first_ = true;
};

void part(Writer& w, const PartStatus& part) {
  w.text("id", part.id);
  w.number("read", part.read);
  w.number("settled", part.settled);
  w.number("saved", part.saved);
  w.number("committed", part.committed);
  w.time("newest_read", part.newest_read);
  w.time("newest_settled", part.newest_settled);
  w.flag("caught_up", part.caught_up);
  w.flag("ended", part.ended);
}

void sink(Writer& w, const SinkStatus& sink) {
  w.text("name", sink.name);
  w.number("events", sink.events);
  w.number("bytes", sink.bytes);
  w.number("batches", sink.batches);
  w.number("retries", sink.retries);
  w.number("rejected", sink.rejected);
  w.number("dropped", sink.dropped);
  w.number("dead_letters", sink.dead_letters);
  w.number("queued", sink.queued);
  w.number("parked_keys", sink.parked_keys);
  w.number("writes_in_flight", sink.writes_in_flight);
  if (sink.failing) {
    w.text("failing", *sink.failing);
  }
  if (sink.failing_for) {
    w.seconds("failing_seconds", *sink.failing_for);
  }
}

// What a component counts.
void counted(Writer& w, const std::pair<std::string_view, const Metrics::Series*>& one) {
  w.text("name", one.first);
  w.number("value", one.second->value);
  w.labels("labels", one.second->labels);
}

void pipeline(Writer& w, const Status& status, std::span<const Metrics::Family> components) {
  w.text("name", status.name);
  w.text("state", name_of(status.state));
  if (!status.reason.empty()) {
    w.text("reason", status.reason);
  }
  w.number("lag_seconds", status.lag_seconds);
  w.number("in_flight_events", status.in_flight_events);
  w.number("in_flight_events_limit", status.in_flight_events_limit);
  w.number("in_flight_bytes", status.in_flight_bytes);
  w.number("in_flight_bytes_limit", status.in_flight_bytes_limit);
  w.number("filtered", status.filtered);
  w.number("source_rejected", status.source_rejected);
  w.number("source_dropped", status.source_dropped);
  w.number("source_dead_letters", status.source_dead_letters);
  w.number("quarantined_keys", status.quarantined_keys);
  w.number("lost_positions", status.lost_positions);
  w.number("saves", status.saves);
  w.list("parts", status.parts, part);
  w.list("sinks", status.sinks, sink);
  const MetricLabels::value_type of_this("pipeline", status.name);
  std::vector<std::pair<std::string_view, const Metrics::Series*>> metrics;
  for (const Metrics::Family& family : components) {
    for (const Metrics::Series& series : family.series) {
      if (std::ranges::find(series.labels, of_this) != series.labels.end()) {
        metrics.emplace_back(family.name, &series);
      }
    }
  }
  w.list("metrics", metrics, counted);
}

}  // namespace

std::string status_page(const Seen& seen) {
  std::string out = "{";
  Writer w(out);
  w.text("version", kVersion);
  w.list("pipelines", seen.pipelines,
         [&](Writer& inner, const Status& status) { pipeline(inner, status, seen.components); });
  out += "}\n";
  return out;
}

}  // namespace penstock::admin
