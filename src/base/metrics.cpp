#include "base/metrics.h"

#include "base/check.h"

namespace penstock {

std::shared_ptr<Metrics::Value> Metrics::value(const MetricName& name, bool is_counter,
                                               MetricLabels labels) {
  CHECK(name.name.starts_with("penstock_"));
  CHECK(name.name.ends_with("_total") == is_counter);
  const MutexLock lock(mutex_);
  const auto [at, is_new] = families_.try_emplace(std::string(name.name));
  Kept& family = at->second;
  if (is_new) {
    family.help = name.help;
    family.is_counter = is_counter;
  }
  CHECK(family.is_counter == is_counter && family.help == name.help);  // one name, one meaning
  std::erase_if(family.series, [](const auto& one) { return one.second.expired(); });
  const auto found = family.series.find(labels);
  if (std::shared_ptr<Value> known =
          found == family.series.end() ? nullptr : found->second.lock()) {
    return known;
  }
  auto made = std::make_shared<Value>(0);
  if (family.series.size() < kSeriesMax) {
    family.series.insert_or_assign(std::move(labels), made);
  }
  return made;
}

Counter Metrics::counter(const MetricName& name, MetricLabels labels) {
  Counter counter;
  counter.value_ = value(name, true, std::move(labels));
  return counter;
}

Gauge Metrics::gauge(const MetricName& name, MetricLabels labels) {
  Gauge gauge;
  gauge.value_ = value(name, false, std::move(labels));
  return gauge;
}

std::vector<Metrics::Family> Metrics::families() const {
  std::vector<Family> all;
  const MutexLock lock(mutex_);
  for (const auto& [name, kept] : families_) {
    Family family{.name = name, .help = kept.help, .is_counter = kept.is_counter, .series = {}};
    for (const auto& [labels, weak] : kept.series) {
      if (const std::shared_ptr<Value> value = weak.lock()) {
        family.series.push_back({labels, value->load(std::memory_order_relaxed)});
      }
    }
    if (!family.series.empty()) {
      all.push_back(std::move(family));
    }
  }
  return all;
}

}  // namespace penstock
