#include "core/context.h"

#include <gtest/gtest.h>

#include "testing/test_context.h"

namespace penstock {
namespace {

TEST(Context, metrics_are_labelled_with_pipeline_and_component) {
  TestContext test("orders/archive");
  const Counter counter = test.context().counter({"penstock_things_total", "Things."});
  const Gauge gauge = test.context().gauge({"penstock_room", "Room."}, {{"of", "disk"}});
  const std::vector<Metrics::Family> all = test.metrics().families();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].series.at(0).labels,
            (MetricLabels{{"pipeline", "orders"}, {"component", "archive"}, {"of", "disk"}}));
  EXPECT_EQ(all[1].series.at(0).labels,
            (MetricLabels{{"pipeline", "orders"}, {"component", "archive"}}));
}

TEST(Context, what_has_no_component_has_no_such_label) {
  TestContext test("orders");
  const Counter counter = test.context().counter({"penstock_things_total", "Things."});
  EXPECT_EQ(test.metrics().families().at(0).series.at(0).labels,
            (MetricLabels{{"pipeline", "orders"}}));
}

}  // namespace
}  // namespace penstock
