#include <gtest/gtest.h>

#include <map>

#include "inbox/inbox.h"
#include "sim/sim_files.h"
#include "testing/test_context.h"

namespace penstock::inbox {
namespace {

TEST(InboxMetrics, tell_what_is_inside_and_what_was_refused) {
  TestContext context("ingest/firehose");
  const auto shown = [&] {
    std::map<std::string, int64_t> values;
    for (const Metrics::Family& family : context.metrics().families()) {
      values[family.name] = family.series.at(0).value;
    }
    return values;
  };
  const auto expect = [&](uint64_t inside, int64_t refused) {
    EXPECT_EQ(shown(), (std::map<std::string, int64_t>{
                           {"penstock_inbox_bytes", static_cast<int64_t>(inside)},
                           {"penstock_inbox_bytes_limit", 4000},
                           {"penstock_inbox_refused_requests_total", refused}}));
  };
  const Options options{.folder = "box",
                        .bytes_max = 4000,
                        .segment_bytes = 500,
                        .own_thread = false,
                        .metrics = InboxMetrics::of(context.context())};
  sim::SimFiles files;
  const auto open = [&] {
    return Inbox::open(options, files, context.context().clock, context.context().log, 1).value();
  };
  const auto put = [](Inbox& inbox, const std::string& record) {
    FrameWriter frame("orders", Timestamp{1'700'000'000'000'000}, 0);
    frame.add(record);
    bool taken = false;
    inbox.append(std::move(frame), [&](const Result<Place>& place) { taken = place.has_value(); });
    inbox.work();
    return taken;
  };
  auto inbox = open();
  expect(0, 0);
  ASSERT_TRUE(put(*inbox, std::string(900, 'a')));
  ASSERT_TRUE(put(*inbox, std::string(900, 'b')));
  ASSERT_GT(inbox->bytes(), 1800u);
  expect(inbox->bytes(), 0);
  EXPECT_FALSE(put(*inbox, std::string(3000, 'c')));
  expect(inbox->bytes(), 1);
  EventBlock block;
  const Read read = inbox->read(block, {}, {}).value();
  const uint64_t before = inbox->bytes();
  ASSERT_TRUE(inbox->commit(read.position));
  ASSERT_LT(inbox->bytes(), before);
  expect(inbox->bytes(), 1);
  files.set_hook([](const sim::FileOperation& operation) -> std::optional<sim::FileFault> {
    if (operation.op != sim::FileOp::write) {
      return std::nullopt;
    }
    return sim::FileFault{.error = {Error::Kind::transient, "disk full", std::nullopt}};
  });
  EXPECT_FALSE(put(*inbox, "d"));
  files.set_hook(nullptr);
  expect(inbox->bytes(), 2);
  ASSERT_TRUE(put(*inbox, "e"));
  inbox.reset();
  inbox = open();  // as a run that goes on with what is there
  ASSERT_GT(inbox->bytes(), 0u);
  expect(inbox->bytes(), 2);
}

}  // namespace
}  // namespace penstock::inbox
