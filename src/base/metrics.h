// Metrics: the counters and gauges that components make for themselves (core/context.h). The admin
// server shows them without knowing whose they are. Owned by the program; any thread.
//
// A Counter or Gauge is a handle, changed by any thread without a lock. Its series is shown as long
// as a handle of it lives; handles of one name and the same labels, as of a component and of the
// one that takes its place, are one series.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace penstock {

class Counter {
 public:
  void add(uint64_t count = 1) const {
    value_->fetch_add(static_cast<int64_t>(count), std::memory_order_relaxed);
  }

 private:
  friend class Metrics;
  std::shared_ptr<std::atomic<int64_t>> value_ = std::make_shared<std::atomic<int64_t>>(0);
};

class Gauge {
 public:
  void set(uint64_t value) const {
    value_->store(static_cast<int64_t>(value), std::memory_order_relaxed);
  }

 private:
  friend class Metrics;
  std::shared_ptr<std::atomic<int64_t>> value_ = std::make_shared<std::atomic<int64_t>>(0);
};

// Constants of the component that counts. A counter's name ends in "_total".
struct MetricName {
  std::string_view name;  // "penstock_<noun>_<unit>[_total]"
  std::string_view help;  // one sentence
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Metrics {
 public:
  static constexpr size_t kSeriesMax = 10'000;  // of one name

  struct Series {
    MetricLabels labels;
    int64_t value = 0;
  };
  struct Family {
    std::string name, help;
    bool is_counter = false;
    std::vector<Series> series;
  };

  // Beyond kSeriesMax a handle works and is not shown, so that labels without end cost no memory.
  Counter counter(const MetricName& name, MetricLabels labels);
  Gauge gauge(const MetricName& name, MetricLabels labels);

  // By name, then by labels; families without a series that lives are left out.
  std::vector<Family> families() const;

 private:
  using Value = std::atomic<int64_t>;
  struct Kept {
    std::string help;
    bool is_counter = false;
    std::map<MetricLabels, std::weak_ptr<Value>> series;
  };

  std::shared_ptr<Value> value(const MetricName& name, bool is_counter, MetricLabels labels);

  mutable Mutex mutex_;
  std::map<std::string, Kept, std::less<>> families_ GUARDED_BY(mutex_);
};

}  // namespace penstock
