#include "core/context.h"

#include <algorithm>
#include <iterator>

namespace penstock {

namespace {

MetricLabels labels_of(const std::string& where, MetricLabels more) {
  const size_t slash = std::min(where.find('/'), where.size());
  MetricLabels labels = {{"pipeline", where.substr(0, slash)}};
  if (slash < where.size()) {
    labels.emplace_back("component", where.substr(slash + 1));
  }
  std::ranges::move(more, std::back_inserter(labels));
  return labels;
}

}  // namespace

Counter Context::counter(const MetricName& name, MetricLabels more) const {
  return metrics.counter(name, labels_of(where, std::move(more)));
}

Gauge Context::gauge(const MetricName& name, MetricLabels more) const {
  return metrics.gauge(name, labels_of(where, std::move(more)));
}

}  // namespace penstock
