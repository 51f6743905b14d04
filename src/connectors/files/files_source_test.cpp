#include "connectors/files/files_source.h"

#include <gtest/gtest.h>

#include "connectors/files/test_help.h"

namespace penstock::files {
namespace {

TEST_F(FilesSourceTest, lines_come_once_in_order_and_a_growing_file_goes_on) {
  put("a.jsonl", "one\n\ntwo\r\nthr");
  auto from = source({}, "a.jsonl");
  auto lines = reader(from);
  EXPECT_EQ(read_all(*lines).lines, (Lines{"one", "", "two\r"}));
  EXPECT_EQ(read_all(*lines).lines, Lines{});
  append("a.jsonl", "ee\nfour\n");
  EXPECT_EQ(read_all(*lines).lines, (Lines{"three", "four"}));
}

TEST_F(FilesSourceTest, any_limits_give_the_same_lines_events_and_positions) {
  std::string text;
  Lines expected;
  for (int i = 0; i < 3000; ++i) {
    expected.emplace_back(static_cast<size_t>(i * 37 % 500), 'a');
    expected.back() += std::to_string(i);
    text += expected.back() + "\n";
  }
  for (const char* name : {"a.txt", "a.gz", "a.zst"}) {
    const std::string_view end = std::string_view(name).substr(1);
    put(name, end == ".gz" ? gzip(text) : end == ".zst" ? zstd(text) : text);
    auto from = source({}, name);
    const Got whole = read_all(*reader(from));
    EXPECT_EQ(whole.lines, expected) << name;
    for (const ReadLimits limits : {ReadLimits{.events = 1}, ReadLimits{.events = 7},
                                    ReadLimits{.bytes = 1}, ReadLimits{.bytes = 3000}}) {
      const Got small = read_all(*reader(from), limits);
      EXPECT_EQ(small.lines, expected);
      EXPECT_EQ(small.ids, whole.ids);
      EXPECT_EQ(small.orders, whole.orders);
    }
    // A restart at every position gives the rest.
    auto first = reader(from);
    Got got;
    while (!got.caught_up) {
      read_once(*first, got, {.events = 300});
      ASSERT_FALSE(got.error);
      const Got rest = read_all(*reader(from, got.position));
      ASSERT_EQ(got.lines.size() + rest.lines.size(), expected.size()) << name;
      EXPECT_TRUE(std::ranges::equal(rest.lines, std::span(expected).subspan(got.lines.size())));
    }
  }
}

TEST_F(FilesSourceTest, a_last_line_without_a_break_is_taken_where_the_file_is_whole) {
  put("a.txt", "one\ntwo");
  auto whole = source({.follow = false}, "a.txt");
  const Got got = read_all(*reader(whole));
  EXPECT_EQ(got.lines, (Lines{"one", "two"}));
  EXPECT_TRUE(got.end);
  const Got rest = read_all(*reader(whole, got.position));
  EXPECT_EQ(rest.lines, Lines{});
  EXPECT_TRUE(rest.end);
  put("b.gz", gzip("one\ntwo"));
  auto packed = source({}, "b.gz");
  EXPECT_EQ(read_all(*reader(packed)).lines, (Lines{"one", "two"}));
}

TEST_F(FilesSourceTest, a_line_beyond_the_limit_is_rejected_with_its_place_and_the_rest_read) {
  const std::string text =
      "ok\n" + std::string(300000, 'x') + "\nafter\n" + std::string(2000, 'y') + "\nlast\n";
  put("a.txt", text);
  put("a.gz", gzip(text));
  for (const char* name : {"a.txt", "a.gz"}) {
    auto from = source({.line_max = {1000}}, name);
    const Got got = read_all(*reader(from));
    ASSERT_EQ(got.lines.size(), 5U) << name;
    EXPECT_EQ(got.lines[0], "ok");
    EXPECT_EQ(got.lines[2], "after");
    EXPECT_EQ(got.lines[4], "last");
    ASSERT_EQ(got.rejected.size(), 2U);
    EXPECT_NE(got.rejected[0].find("at byte 3"), std::string::npos) << got.rejected[0];
  }
}

TEST_F(FilesSourceTest, the_time_of_a_line_is_the_same_however_often_it_is_read) {
  put("a.txt", "one\n");
  const Timestamp made = context_.files().info(folder_ + "a.txt").value()->made;
  auto from = source({}, "a.txt");
  const Got first = read_all(*reader(from));
  EXPECT_EQ(first.times, std::set{made});
  ASSERT_EQ(::truncate((folder_ + "a.txt").c_str(), 4), 0);  // a change that leaves it as it is
  append("a.txt", "two\n");
  EXPECT_EQ(read_all(*reader(from, first.position)).times, std::set{made});
  EXPECT_EQ(read_all(*reader(from)).times, std::set{made});
  auto reading = source({.at = "read"}, "a.txt");
  EXPECT_GT(*read_all(*reader(reading)).times.begin(), made);
}

// Where the file system does not know when a file was created, only the position keeps the time.

TEST_F(FilesSourceTest, patterns_find_files_and_new_ones_later) {
  std::filesystem::create_directories(folder_ + "x/y");
  for (const char* name : {"a1.log", "a2.log", "b.log", ".hidden.log", "x/c.log", "x/y/d.log"}) {
    put(name, "line\n");
  }
  auto from = source({}, "a[0-9].log");
  EXPECT_EQ(parts(from).size(), 2U);
  put("a3.log", "line\n");
  EXPECT_EQ(parts(from).size(), 3U);
  auto deep = source({}, "**/*.log");
  EXPECT_EQ(parts(deep).size(), 6U);
  auto one_level = source({}, "*/?.log");
  EXPECT_EQ(parts(one_level).size(), 1U);
  auto none = source({}, "*.nothing");
  EXPECT_EQ(parts(none).size(), 0U);
  auto missing = source({}, "missing.log");
  EXPECT_FALSE(missing.parts({}, {}));
  auto few = source({.files_max = 2}, "*.log");
  EXPECT_FALSE(few.parts({}, {}));
}

TEST_F(FilesSourceTest, damaged_and_cut_compressed_files_give_what_is_whole_and_say_where) {
  const std::string packed = gzip("one\ntwo\n" + std::string(1000, 'x') + "\n");
  put("a.gz", gzip("one\ntwo\n") + "rubbish");
  put("cut.gz", packed.substr(0, packed.size() - 9));
  for (const char* name : {"a.gz", "cut.gz"}) {
    auto from = source({.follow = false}, name);
    const Got got = read_all(*reader(from));
    ASSERT_GE(got.lines.size(), 2U);
    EXPECT_EQ(got.lines[1], "two");
    EXPECT_EQ(got.rejected.size(), 1U);
    EXPECT_TRUE(got.end);
  }
  auto follow = source({}, "cut.gz");
  auto lines = reader(follow);
  EXPECT_TRUE(read_all(*lines).rejected.empty());
  append("cut.gz", packed.substr(packed.size() - 9) + gzip("three\n"));
  EXPECT_EQ(read_all(*lines).lines.back(), "three");
}

// The end of a long path's part id was a hash that anybody can make collide.

// Two paths can be made to have one id of version 1; the position says whose it is.

// As logrotate's copytruncate does it, with lines of the old length.

TEST_F(FilesSourceTest, the_position_before_a_line_gives_that_line_first) {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += std::string(static_cast<size_t>(i * 37 % 300), 'a') + std::to_string(i) + "\n";
  }
  text += std::string(700, 'x') + "\nbehind a long line\nlast";
  put("a.txt", text);
  put("a.gz", gzip(text));
  for (const char* name : {"a.txt", "a.gz"}) {
    auto from = source({.follow = false, .line_max = {500}}, name);
    const Got whole = read_all(*reader(from));
    ASSERT_EQ(whole.lines.size(), 43U);
    for (size_t i = 0; i < whole.lines.size(); ++i) {
      for (const char* copy : {"", "00000001"}) {
        const auto before = from.position_before(whole.position, whole.orders[i] + copy);
        ASSERT_TRUE(before);
        const Got rest = read_all(*reader(from, before));
        EXPECT_TRUE(std::ranges::equal(rest.lines, std::span(whole.lines).subspan(i)));
        EXPECT_TRUE(std::ranges::equal(rest.orders, std::span(whole.orders).subspan(i)));
      }
    }
    EXPECT_FALSE(from.position_before(whole.position, "short"));
    EXPECT_FALSE(from.position_before(whole.position, std::string(16, 'x'))) << "another content";
    EXPECT_FALSE(from.position_before("no position", whole.orders[0]));
  }
}

class FewFiles final : public SystemFiles {
 public:
  uint64_t open_max() const override { return 4; }
};

TEST_F(FilesSourceTest, more_files_than_descriptors_wait_for_one_that_is_done) {
  for (const char* name : {"a1", "a2", "a3", "a4"}) {
    put(name, "line\n");
  }
  FewFiles files;
  FilesSource::Settings settings{.path = {folder_ + "a*"}, .follow = false};
  FilesSource from(std::move(settings), context_.with(files));
  const auto ids = parts(from);
  ASSERT_EQ(ids.size(), 4U);
  std::vector<std::unique_ptr<Reader>> readers;
  for (size_t i = 0; i < 3; ++i) {
    readers.push_back(from.open({ids[i]}, std::nullopt, {}, {}).value());
  }
  const auto refused = from.open({ids[3]}, std::nullopt, {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Error::Kind::transient);
  EXPECT_TRUE(read_all(*readers.front()).end);
  EXPECT_TRUE(read_all(*readers.front()).end) << "also asked again";
  EXPECT_EQ(read_all(*from.open({ids[3]}, std::nullopt, {}, {}).value()).lines.size(), 1U);
}

}  // namespace
}  // namespace penstock::files
