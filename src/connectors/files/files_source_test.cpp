#include "connectors/files/files_source.h"

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/file_name.h"
#include "testing/test_context.h"

namespace penstock::files {
namespace {

std::string gzip(std::string_view text) {
  auto* compressor = libdeflate_alloc_compressor(1);
  std::string out(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  out.resize(
      libdeflate_gzip_compress(compressor, text.data(), text.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

class FilesSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "penstock_files_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern + "/";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& name, std::string_view bytes,
           std::ios::openmode mode = std::ios::trunc) {
    std::ofstream file(folder_ + name, std::ios::binary | mode);
    file << bytes;
  }
  void append(const std::string& name, std::string_view bytes) { put(name, bytes, std::ios::app); }

  FilesSource source(FilesSource::Settings settings, const std::string& name) {
    settings.path = {folder_ + name};
    return {std::move(settings), context_.context()};
  }
  static std::vector<std::string> parts(FilesSource& from) {
    auto parts = from.parts({}, {});
    EXPECT_TRUE(parts);
    std::vector<std::string> ids;
    for (const Part& part : *parts) {
      ids.push_back(part.id);
    }
    return ids;
  }
  // The reader of the only part.
  static std::unique_ptr<Reader> reader(FilesSource& from,
                                        const std::optional<Position>& position = {}) {
    const auto ids = parts(from);
    EXPECT_EQ(ids.size(), 1U);
    auto opened = from.open({ids.at(0)}, position, {}, {});
    EXPECT_TRUE(opened) << opened.error().what;
    return std::move(*opened);
  }

  struct Got {
    std::vector<std::string> lines;
    std::vector<std::string> orders;
    std::set<std::string> ids;
    std::set<Timestamp> times;
    std::vector<std::string> rejected;
    Position position;
    bool caught_up = false;
    bool end = false;
    std::optional<Error> error;
  };
  static void read_once(Reader& from, Got& got, const ReadLimits& limits) {
    EventBlock block;
    auto read = from.read(block, limits, {});
    if (!read) {
      got.error = read.error();
      return;
    }
    for (const Event& event : block.events) {
      got.lines.emplace_back(event.raw);
      got.orders.emplace_back(event.order);
      got.ids.emplace(event.id);
      got.times.insert(event.at);
    }
    for (const Rejection& rejection : block.rejections) {
      got.rejected.push_back(rejection.error.what);
    }
    got.position = read->position;
    got.caught_up = read->caught_up;
    got.end = read->end;
  }
  // Until there is nothing more for now.
  static Got read_all(Reader& from, const ReadLimits& limits = {}) {
    Got got;
    for (int i = 0; i < 100000; ++i) {
      read_once(from, got, limits);
      if (got.error || got.caught_up || got.end) {
        break;
      }
    }
    EXPECT_TRUE(std::ranges::is_sorted(got.orders));
    EXPECT_EQ(got.ids.size(), got.lines.size());
    return got;
  }

  std::string folder_;
  TestContext context_;
};

using Lines = std::vector<std::string>;

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

TEST_F(FilesSourceTest, another_file_under_the_name_is_a_lost_position) {
  put("a.txt", "one\ntwo\nthree\n");
  auto from = source({}, "a.txt");
  const Position position = read_all(*reader(from)).position;
  const auto reopen = [&] { return from.open({parts(from).at(0)}, position, {}, {}); };
  EXPECT_TRUE(reopen());
  put("a.txt", "four\nfive\nsix and more\n");  // the same inode
  ASSERT_FALSE(reopen());
  EXPECT_EQ(reopen().error().kind, Error::Kind::lost_position);
  put("a.txt", "one\n");  // cut
  EXPECT_FALSE(reopen());
  put("b.txt", "one\ntwo\nthree\n");
  std::filesystem::rename(folder_ + "b.txt", folder_ + "a.txt");
  EXPECT_FALSE(reopen());
  for (const char* bad : {"", "3 1 1 1 1 1 1 1 1", "2 1 1 1 1 1 1 1", "1 1 1", "1 1 1 1 ffff 1 1 1",
                          "1 x 1 1 1 1 1 1", "1 1 1 1 1 1 1 1 "}) {
    const auto opened = from.open({parts(from).at(0)}, Position(bad), {}, {});
    ASSERT_FALSE(opened) << bad;
    EXPECT_EQ(opened.error().kind, Error::Kind::lost_position);
  }
}

TEST_F(FilesSourceTest, a_file_that_is_cut_or_replaced_while_read_is_a_lost_position) {
  put("a.txt", "one\ntwo\n");
  auto from = source({}, "a.txt");
  auto cut = reader(from);
  read_all(*cut);
  put("a.txt", "x\n");
  EXPECT_EQ(read_all(*cut).error.value().kind, Error::Kind::lost_position);
  put("a.txt", "one\ntwo\n");
  auto rewritten = reader(from);
  read_all(*rewritten);
  put("a.txt", "longer than before\nand more\n");
  EXPECT_EQ(read_all(*rewritten).error.value().kind, Error::Kind::lost_position);
  auto replaced = reader(from);
  read_all(*replaced);
  put("b.txt", "other\n");
  std::filesystem::rename(folder_ + "b.txt", folder_ + "a.txt");
  EXPECT_EQ(read_all(*replaced).error.value().kind, Error::Kind::lost_position);
}

TEST_F(FilesSourceTest, orders_tell_a_files_successive_contents_apart) {
  put("a.txt", "one\n");
  auto from = source({}, "a.txt");
  const Got first = read_all(*reader(from));
  EXPECT_EQ(read_all(*reader(from)).orders, first.orders);
  put("a.txt", "two\n");
  EXPECT_NE(read_all(*reader(from)).orders, first.orders);
}

TEST_F(FilesSourceTest, orders_are_others_after_a_lost_position_and_in_a_file_made_anew) {
  put("a.txt", "id,name\n1,one\n");
  auto from = source({}, "a.txt");
  const Got first = read_all(*reader(from));
  put("a.txt", "id,name\n2,two\n");  // the same inode and first line
  const Part lost{.id = parts(from).at(0), .start = Part::Start::earliest};
  const auto again = from.open(lost, std::nullopt, {}, {});
  ASSERT_TRUE(again);
  const Got second = read_all(**again);
  EXPECT_EQ(second.lines, (Lines{"id,name", "2,two"}));
  EXPECT_NE(second.orders.at(0), first.orders.at(0));
  EXPECT_EQ(second.orders.at(0).substr(0, 8), second.orders.at(1).substr(0, 8));
  std::filesystem::remove(folder_ + "a.txt");
  put("a.txt", "id,name\n3,three\n");  // perhaps with the inode of the first
  EXPECT_NE(read_all(*reader(from)).orders.at(0), first.orders.at(0));
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
TEST_F(FilesSourceTest, the_position_keeps_the_time_and_one_of_version_1_takes_the_files) {
  put("a.txt", "one\n");
  auto from = source({}, "a.txt");
  const Position position = read_all(*reader(from)).position;
  append("a.txt", "two\n");
  const Timestamp made = context_.files().info(folder_ + "a.txt").value()->made;
  const size_t time = position.rfind(' ') + 1;
  EXPECT_EQ(read_all(*reader(from, position.substr(0, time) + "7b")).times,
            std::set{Timestamp{123}});
  const std::string old = "1" + position.substr(1, time - 2);
  EXPECT_EQ(read_all(*reader(from, old)).times, std::set{made});
  EXPECT_EQ(read_all(*reader(from, old)).lines, std::vector<std::string>{"two"});
}

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
TEST_F(FilesSourceTest, a_long_path_goes_on_under_the_part_id_that_its_checkpoint_has) {
  const std::string name = std::string(200, 'x') + ".ndjson";
  put(name, "1\n");
  auto from = source({}, name);
  const std::string fresh = parts(from).at(0);
  const std::string old = file_name_of_version_1(folder_ + name);
  ASSERT_NE(fresh, old);
  Checkpoint checkpoint;
  checkpoint.positions[old] = "any";
  const auto known = from.parts(checkpoint, {});
  ASSERT_TRUE(known);
  ASSERT_EQ(known->size(), 1U);
  EXPECT_EQ(known->front().id, old);
  EXPECT_TRUE(from.open(known->front(), std::nullopt, {}, {}));
}

// As logrotate's copytruncate does it, with lines of the old length.
TEST_F(FilesSourceTest, a_file_that_is_written_anew_to_its_old_size_or_more_is_a_lost_position) {
  const std::string old = "old-0001\nold-0002\nold-0003\n";
  struct Case {
    const char* what;
    std::string now;
  };
  const std::string same_end = std::string(200, 'z') + "\n";
  const std::vector<Case> cases = {
      {"as long", "new-0001\nnew-0002\nnew-0003\n"},
      {"longer", "new-0001\nnew-0002\nnew-0003\nnew-0004\n"},
      {"another last line only", "old-0001\nold-0002\nnew-0003\nnew-0004\n"},
      {"another first line only", "new-0001\nold-0002\nold-0003\nnew-0004\n"},
  };
  for (const Case& one : cases) {
    for (const bool is_idle : {false, true}) {
      for (const std::string& tail : {std::string(), same_end}) {
        put("a.txt", old + tail);
        auto from = source({}, "a.txt");
        auto lines = reader(from);
        Got got;
        read_once(*lines, got, {});
        EXPECT_EQ(got.lines.size(), tail.empty() ? 3U : 4U);
        if (is_idle) {
          EXPECT_FALSE(read_all(*lines).error);
        }
        put("a.txt", one.now.substr(0, old.size()) + tail + one.now.substr(old.size()));
        const bool only_head_differs = !is_idle && !tail.empty();
        std::optional<Error> error = read_all(*lines).error;
        if (only_head_differs && !error) {
          error = read_all(*lines).error;  // when it meets the end again
        }
        ASSERT_TRUE(error) << one.what << is_idle << tail.size();
        EXPECT_EQ(error->kind, Error::Kind::lost_position);
      }
    }
  }
}

TEST_F(FilesSourceTest, a_compressed_file_that_is_written_anew_is_a_lost_position) {
  for (const std::string& rest : {std::string(), std::string("\x1f\x8b", 2)}) {
    put("a.gz", gzip("old-0001\nold-0002\n"));
    auto from = source({}, "a.gz");
    auto lines = reader(from);
    EXPECT_EQ(read_all(*lines).lines.size(), 2U);
    put("a.gz", gzip("new-0001\nnew-0002\n") + rest);
    const auto error = read_all(*lines).error;
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, Error::Kind::lost_position);
  }
}

TEST_F(FilesSourceTest, what_is_appended_is_read_whatever_stands_before_it) {
  auto size_of = [](int i) { return static_cast<size_t>(i * i * 7); };
  for (const char* name : {"a.txt", "a.gz"}) {
    const bool packed = std::string_view(name).ends_with(".gz");
    put(name, "");
    auto from = source({.line_max = {100'000}}, name);
    auto lines = reader(from);
    for (int i = 0; i < 150; ++i) {
      const std::string line(size_of(i), 'x');
      append(name, packed ? gzip(line + "\n") : line + "\n");
      const Got got = read_all(*lines);
      ASSERT_FALSE(got.error) << got.error->what;
      ASSERT_EQ(got.lines.size(), 1U);
      ASSERT_EQ(got.rejected.size(), size_of(i) > 100'000 ? 1U : 0U);
      if (i % 3 == 0) {
        ASSERT_FALSE(read_all(*lines).error);
      }
    }
  }
}

TEST_F(FilesSourceTest, ids_differ_between_the_contents_of_a_name_and_are_stable_for_one) {
  put("a.txt", "id,name\n1,one\n");
  auto from = source({}, "a.txt");
  const Got first = read_all(*reader(from));
  EXPECT_EQ(read_all(*reader(from)).ids, first.ids);
  const auto is_new = [&](const Got& got) {
    return std::ranges::none_of(got.ids, [&](const auto& id) { return first.ids.contains(id); });
  };
  put("a.txt", "id,name\n2,two\n");  // the same inode and first line
  const Part lost{.id = parts(from).at(0), .start = Part::Start::earliest};
  EXPECT_TRUE(is_new(read_all(*from.open(lost, std::nullopt, {}, {}).value())));
  put("b.txt", "id,name\n3,three\n");
  std::filesystem::rename(folder_ + "b.txt", folder_ + "a.txt");
  EXPECT_TRUE(is_new(read_all(*reader(from))));
}

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
