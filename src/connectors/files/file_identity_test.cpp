// Which file it is, which content it has, and what may not be taken for another's.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "base/file_name.h"
#include "connectors/files/test_help.h"
#include "testing/test_collision.h"

namespace penstock::files {
namespace {

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

TEST_F(FilesSourceTest, the_position_keeps_the_time_and_one_of_version_1_takes_the_files) {
  put("a.txt", "one\n");
  auto from = source({}, "a.txt");
  const Position position = read_all(*reader(from)).position;
  append("a.txt", "two\n");
  const Timestamp made = context_.files().info(folder_ + "a.txt").value()->made;
  const size_t time = position.rfind(' ') + 1;
  EXPECT_EQ(read_all(*reader(from, position.substr(0, time) + "7b")).times,
            std::set{Timestamp{123}});
  const std::string second = old_position("a.txt", position);
  const std::string old = "1" + second.substr(1, second.rfind(' ') - 1);
  EXPECT_EQ(read_all(*reader(from, old)).times, std::set{made});
  EXPECT_EQ(read_all(*reader(from, old)).lines, std::vector<std::string>{"two"});
}

TEST_F(FilesSourceTest, a_begin_that_is_made_to_collide_with_that_before_is_a_lost_position) {
  const auto [one, two] = colliding_texts();
  const std::string rest = "\n" + std::string(3000, 'x') + "\n";
  put("a.txt", one + rest);
  auto from = source({}, "a.txt");
  const Position position = read_all(*reader(from)).position;
  const Position old = old_position("a.txt", position);
  const Position now = read_all(*reader(from, old)).position;
  EXPECT_EQ(now, position) << "a position of version 2 becomes one of version 3";
  put("a.txt", two + rest);  // the same inode
  EXPECT_TRUE(from.open({parts(from).at(0)}, old, {}, {})) << "the texts do not collide any more";
  const auto opened = from.open({parts(from).at(0)}, position, {}, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Error::Kind::lost_position);
}

TEST_F(FilesSourceTest, a_long_path_goes_on_under_the_part_id_that_its_checkpoint_has) {
  const std::string name = std::string(200, 'x') + ".ndjson";
  put(name, "1\n");
  auto from = source({}, name);
  const std::string fresh = parts(from).at(0);
  const std::string old = file_name_of_version_1(folder_ + name);
  ASSERT_NE(fresh, old);
  Checkpoint checkpoint;
  checkpoint.positions[old] = "any";
  auto restarted = source({}, name);
  const auto known = restarted.parts(checkpoint, {});
  ASSERT_TRUE(known);
  ASSERT_EQ(known->size(), 1U);
  EXPECT_EQ(known->front().id, old);
  EXPECT_TRUE(restarted.open(known->front(), std::nullopt, {}, {}));
}

TEST_F(FilesSourceTest, of_two_paths_with_one_old_part_id_the_file_of_the_position_goes_on) {
  std::array<std::string, 2> paths;
  std::tie(paths[0], paths[1]) = colliding_texts();
  for (std::string& path : paths) {
    path.replace(0, folder_.size(), folder_);
    for (size_t at = 200; at < path.size(); at += 200) {
      path[at] = '/';
    }
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << path.substr(1400, 20) << "\nnext\n";
  }
  const std::string old = file_name_of_version_1(paths[0]);
  ASSERT_EQ(old, file_name_of_version_1(paths[1]));
  for (const std::string& owner : paths) {
    FilesSource alone({.path = {owner}, .follow = false}, context_.context());
    Checkpoint checkpoint;
    checkpoint.positions[old] = (*reader(alone)->read(block_, {.events = 1}, {})).position;
    FilesSource both({.path = {paths[0], paths[1]}, .follow = false}, context_.context());
    for (int listing = 0; listing < 2; ++listing) {
      const auto known = both.parts(checkpoint, {});
      ASSERT_TRUE(known);
      ASSERT_EQ(known->size(), 2U);
      for (size_t i = 0; i < 2; ++i) {
        EXPECT_EQ((*known)[i].id, paths[i] == owner ? old : file_name_of(paths[i]));
      }
    }
    const auto opened = both.open({old}, checkpoint.positions[old], {}, {});
    ASSERT_TRUE(opened);
    EXPECT_EQ(read_all(**opened).lines, std::vector<std::string>{"next"});

    // One that is found later does not take the id, nor is it left out.
    const std::string& other = owner == paths[0] ? paths[1] : paths[0];
    std::filesystem::rename(other, folder_ + "away");
    FilesSource later({.path = {other + "*", owner}}, context_.context());
    ASSERT_EQ(later.parts(checkpoint, {})->size(), 1U);
    std::filesystem::rename(folder_ + "away", other);
    const auto more = later.parts(checkpoint, {});
    ASSERT_EQ(more->size(), 2U);
    EXPECT_EQ((*more)[0].id, file_name_of(other));
    EXPECT_EQ((*more)[1].id, old);
  }
}

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

}  // namespace
}  // namespace penstock::files
