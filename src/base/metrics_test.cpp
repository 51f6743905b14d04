#include "base/metrics.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace penstock {
namespace {

constexpr MetricName kAnswers = {"penstock_answers_total", "Answers."};
constexpr MetricName kBytes = {"penstock_bytes", "Bytes inside."};

std::vector<int64_t> values_of(const Metrics::Family& family) {
  std::vector<int64_t> values;
  for (const Metrics::Series& series : family.series) {
    values.push_back(series.value);
  }
  return values;
}

TEST(Metrics, are_shown_by_name_with_their_labels_and_values) {
  Metrics metrics;
  const Gauge gauge = metrics.gauge(kBytes, {{"pipeline", "p"}});
  const Counter refused = metrics.counter(kAnswers, {{"pipeline", "p"}, {"class", "5xx"}});
  const Counter taken = metrics.counter(kAnswers, {{"pipeline", "p"}, {"class", "2xx"}});
  gauge.set(7);
  gauge.set(5);
  taken.add(3);
  taken.add();
  const std::vector<Metrics::Family> all = metrics.families();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "penstock_answers_total");
  EXPECT_EQ(all[0].help, "Answers.");
  EXPECT_TRUE(all[0].is_counter);
  EXPECT_EQ(values_of(all[0]), (std::vector<int64_t>{4, 0}));
  EXPECT_EQ(all[0].series[0].labels, (MetricLabels{{"pipeline", "p"}, {"class", "2xx"}}));
  EXPECT_EQ(all[1].name, "penstock_bytes");
  EXPECT_FALSE(all[1].is_counter);
  EXPECT_EQ(values_of(all[1]), std::vector<int64_t>{5});
}

TEST(Metrics, a_component_that_takes_the_place_of_another_goes_on_with_its_series) {
  Metrics metrics;
  std::optional<Counter> first = metrics.counter(kAnswers, {{"pipeline", "p"}});
  first->add(2);
  const Counter second = metrics.counter(kAnswers, {{"pipeline", "p"}});
  second.add();
  first.reset();
  ASSERT_EQ(metrics.families().size(), 1u);
  EXPECT_EQ(values_of(metrics.families()[0]), std::vector<int64_t>{3});
}

TEST(Metrics, go_with_the_last_component_that_has_them) {
  Metrics metrics;
  {
    const Counter counter = metrics.counter(kAnswers, {});
    counter.add(9);
    EXPECT_EQ(metrics.families().size(), 1u);
  }
  EXPECT_TRUE(metrics.families().empty());
  const Counter anew = metrics.counter(kAnswers, {});
  EXPECT_EQ(values_of(metrics.families().at(0)), std::vector<int64_t>{0});
}

TEST(Metrics, outlive_their_registry_and_are_nothing_without_one) {
  Counter counter;
  counter.add();
  {
    Metrics metrics;
    counter = metrics.counter(kAnswers, {});
  }
  counter.add();
}

TEST(Metrics, labels_without_end_are_not_kept) {
  Metrics metrics;
  std::vector<Counter> counters;
  for (size_t i = 0; i < Metrics::kSeriesMax + 5; ++i) {
    counters.push_back(metrics.counter(kAnswers, {{"class", std::to_string(i)}}));
    counters.back().add();
  }
  EXPECT_EQ(metrics.families().at(0).series.size(), Metrics::kSeriesMax);
}

TEST(Metrics, count_from_many_threads_while_they_are_shown) {
  Metrics metrics;
  const Counter kept = metrics.counter(kAnswers, {});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&metrics] {
        for (int n = 0; n < 1000; ++n) {
          metrics.counter(kAnswers, {}).add();
        }
      });
    }
    for (int n = 0; n < 100; ++n) {
      ASSERT_EQ(metrics.families().size(), 1u);
    }
  }
  EXPECT_EQ(values_of(metrics.families().at(0)), std::vector<int64_t>{4000});
}

TEST(MetricsDeathTest, a_name_has_one_meaning) {
  Metrics metrics;
  const Gauge gauge = metrics.gauge(kBytes, {});
  EXPECT_DEATH((void)metrics.gauge({"penstock_bytes", "Something else."}, {}), "");
  EXPECT_DEATH((void)metrics.counter(kBytes, {}), "");
  EXPECT_DEATH((void)metrics.gauge(kAnswers, {}), "");
}

}  // namespace
}  // namespace penstock
