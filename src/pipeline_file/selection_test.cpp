#include "pipeline_file/selection.h"

#include <gtest/gtest.h>

#include <set>

#include "config/load.h"
#include "pipeline_file/test_registry.h"
#include "testing/map_files.h"

namespace penstock::pipeline_file {
namespace {

std::string selection(const std::string& text) {
  MapFiles files;
  const auto node = config::load_text(text, "f.yaml", files, {});
  EXPECT_TRUE(node) << (node ? "" : node.error().what);
  const Registry registry = test_registry();
  const auto plan = make_plan(*node, registry);
  EXPECT_TRUE(plan) << text << (plan ? "" : plan.error().what);
  return plan ? selection_of(*plan, plan->sinks.back()) : "";
}

const std::string kSource = "name: p\nsource:\n  firehose: {inbox: x}\n";
const std::string kSink = "sinks:\n  - stdout: {}\n";

TEST(selection, differs_where_other_events_may_be_chosen) {
  const std::string texts[] = {
      kSource + kSink,
      kSource + "  when: {op: [insert]}\n" + kSink,
      kSource + "  when: {op: [update]}\n" + kSink,
      kSource + "  format: dynamodb\n" + kSink,
      kSource + "transforms:\n  - parse: {format: json}\n" + kSink,
      kSource + "transforms:\n  - parse: {format: json, on_error: keep}\n" + kSink,
      kSource + "transforms:\n  - parse: {format: json}\n  - parse: {format: json}\n" + kSink,
      kSource + kSink + "    when: {op: [insert]}\n",
  };
  std::set<std::string> seen;
  for (const std::string& text : texts) {
    EXPECT_TRUE(seen.insert(selection(text)).second) << text;
  }
}

TEST(selection, is_the_same_where_only_other_things_are_said) {
  const std::string by_default = selection(kSource + kSink);
  for (const std::string& text : {
           "# a comment\n" + kSource + kSink,
           kSource + "  batch: {events: 7}\n  on_reject: drop\n" + kSink,
           kSource + "sinks:\n  - stdout: {}\n    lanes: 1\n    batch: {events: 3}\n",
           kSource + "transforms:\n  - parse: {format: json}\n    enabled: false\n" + kSink,
           kSource + "limits: {in_flight_events: 5000}\n" + kSink,
       }) {
    EXPECT_EQ(selection(text), by_default) << text;
  }
  EXPECT_EQ(
      selection(kSource + "transforms:\n  - parse: {format: json, on_error: keep}\n" + kSink),
      selection(kSource + "transforms:\n  - parse:\n      on_error: keep\n      format: json\n" +
                kSink));
}

}  // namespace
}  // namespace penstock::pipeline_file
