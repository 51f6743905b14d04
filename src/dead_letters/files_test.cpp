#include "dead_letters/files.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "dead_letters/letter_log.h"
#include "sim/sim_files.h"
#include "testing/test_context.h"
#include "testing/test_letter.h"

namespace penstock {
namespace {

using Ids = std::vector<std::string>;

std::unique_ptr<DeadLetterStore> store_on(TestContext& context, Files& files,
                                          const std::string& path) {
  return *FilesDeadLetters::make({.path = path}, context.with(files));
}

Result<> write(DeadLetterStore& store, const Ids& ids, bool quarantined = false) {
  std::vector<std::unique_ptr<TestLetter>> made;
  std::vector<DeadLetter> letters;
  for (const std::string& id : ids) {
    made.push_back(std::make_unique<TestLetter>(id));
    letters.push_back(made.back()->letter(quarantined));
  }
  return store.write(letters, {});
}

Result<Ids> ids_in(DeadLetterStore& store, const std::string& pipeline, size_t page = 3) {
  TRY(const std::unique_ptr<DeadLetterArchive> archive, store.archive(pipeline));
  Ids ids;
  uint64_t after = 0;
  while (true) {
    TRY(const std::vector<StoredLetter> letters, archive->list(after, page, {}));
    if (letters.empty()) {
      return ids;
    }
    for (const StoredLetter& letter : letters) {
      EXPECT_GT(letter.sequence, after);
      after = letter.sequence;
      ids.push_back(std::string(letter.event().id) + (letter.replayed ? " replayed" : ""));
    }
  }
}

class FilesDeadLettersTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "penstock_letters_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<DeadLetterStore> open(const std::string& pipeline = "p") {
    auto store = store_on(context_, context_.files(), folder_);
    const Result<> opened = store->open(pipeline, {});
    EXPECT_TRUE(opened) << opened.error().what;
    return store;
  }
  Error open_error() {
    const Result<> opened = store_on(context_, context_.files(), folder_)->open("p", {});
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
  std::string log_path() const { return dead_letters::segment_path(folder_ + "/p", 1); }
  std::string read_log() const {
    std::ostringstream out;
    out << std::ifstream(log_path(), std::ios::binary).rdbuf();
    return out.str();
  }
  void replace_log(const std::string& bytes) const {
    std::ofstream(log_path(), std::ios::binary) << bytes;
  }

  TestContext context_{"p/files"};
  std::string folder_;
};

TEST_F(FilesDeadLettersTest, letters_are_listed_in_the_order_they_were_written) {
  auto store = open();
  ASSERT_TRUE(write(*store, {"a", "b"}));
  ASSERT_TRUE(write(*store, {"c"}));
  EXPECT_EQ(*ids_in(*store, "p"), (Ids{"a", "b", "c"}));
  EXPECT_EQ(*ids_in(*store, "p", 1), (Ids{"a", "b", "c"}));
  store.reset();
  store = open();
  ASSERT_TRUE(write(*store, {"d"}));
  EXPECT_EQ(*ids_in(*store, "p"), (Ids{"a", "b", "c", "d"}));
}

TEST_F(FilesDeadLettersTest, a_page_of_large_letters_is_short) {
  sim::SimFiles files;
  auto store = store_on(context_, files, "/data");
  ASSERT_TRUE(store->open("p", {}));
  TestLetter made("a");
  made.event.raw = made.arena.copy(std::string(size_t{3} << 20, 'x'));
  const DeadLetter letter = made.letter();
  ASSERT_TRUE(store->write(std::vector(5, letter), {}));
  const auto archive = *store->archive("p");
  EXPECT_EQ(archive->list(0, 500, {})->size(), 2U);
  EXPECT_EQ(archive->list(4, 500, {})->size(), 1U);
  EXPECT_EQ(ids_in(*store, "p", 500)->size(), 5U);
}

TEST_F(FilesDeadLettersTest, pipelines_have_folders_of_their_own) {
  auto one = open("one");
  auto two = open("../two");
  ASSERT_TRUE(write(*one, {"a"}));
  ASSERT_TRUE(write(*two, {"b"}));
  EXPECT_EQ(*ids_in(*one, "one"), Ids{"a"});
  EXPECT_EQ(*ids_in(*one, "../two"), Ids{"b"});
  EXPECT_EQ(*ids_in(*one, "none"), Ids{});
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/../two"));
}

// The lock is of an open file, not of a process: another store here meets it as one there does.
TEST_F(FilesDeadLettersTest, a_second_store_cannot_write_but_can_read) {
  auto store = open();
  ASSERT_TRUE(write(*store, {"a"}));
  auto other = store_on(context_, context_.files(), folder_);
  const Result<> opened = other->open("p", {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Error::Kind::fatal);
  EXPECT_NE(opened.error().what.find("another process"), std::string::npos);
  EXPECT_FALSE(write(*other, {"b"}));
  EXPECT_EQ(*ids_in(*other, "p"), Ids{"a"});
}

TEST_F(FilesDeadLettersTest, the_ledger_tells_what_was_replayed) {
  auto store = open();
  ASSERT_TRUE(write(*store, {"a", "b", "c"}));
  auto archive = *store->archive("p");
  ASSERT_TRUE(archive->mark_replayed(std::vector<uint64_t>{1, 3}, {}));
  EXPECT_EQ(*ids_in(*store, "p"), (Ids{"a replayed", "b", "c replayed"}));
  store.reset();
  store = open();
  EXPECT_EQ(*ids_in(*store, "p"), (Ids{"a replayed", "b", "c replayed"}));
}

TEST_F(FilesDeadLettersTest, the_metric_counts_what_waits_for_a_replay_over_restarts_too) {
  const auto waiting = [&] {
    const std::vector<Metrics::Family> all = context_.metrics().families();
    EXPECT_EQ(all.at(0).name, "penstock_dead_letters_waiting");
    EXPECT_EQ(all.size(), 1u);
    return all.at(0).series.at(0).value;
  };
  auto store = open();
  EXPECT_EQ(waiting(), 0);
  ASSERT_TRUE(write(*store, {"a", "b", "c"}));
  EXPECT_EQ(waiting(), 3);
  ASSERT_TRUE((*store->archive("p"))->mark_replayed(std::vector<uint64_t>{1, 3}, {}));
  store.reset();
  store = open();
  EXPECT_EQ(waiting(), 1);
  ASSERT_TRUE(write(*store, {"d"}));
  EXPECT_EQ(waiting(), 2);
  store.reset();
  std::filesystem::remove(log_path());
  store = open();
  EXPECT_EQ(waiting(), 0);
}

TEST_F(FilesDeadLettersTest, nothing_is_marked_unless_the_store_is_open) {
  {
    ASSERT_TRUE(write(*open(), {"a"}));
  }
  auto store = store_on(context_, context_.files(), folder_);
  EXPECT_FALSE((*store->archive("p"))->mark_replayed(std::vector<uint64_t>{1}, {}));
}

TEST_F(FilesDeadLettersTest, numbers_of_a_removed_log_are_not_given_again) {
  {
    auto store = open();
    ASSERT_TRUE(write(*store, {"a", "b"}));
    ASSERT_TRUE((*store->archive("p"))->mark_replayed(std::vector<uint64_t>{1, 2}, {}));
  }
  std::filesystem::remove(log_path());
  auto store = open();
  ASSERT_TRUE(write(*store, {"c"}));
  EXPECT_EQ(*ids_in(*store, "p"), Ids{"c"});
}

TEST_F(FilesDeadLettersTest, a_torn_tail_is_cut_at_open_and_skipped_by_readers) {
  {
    ASSERT_TRUE(write(*open(), {"a", "b"}));
  }
  const std::string whole = read_log();
  const size_t first = whole.find('\n') + 1;
  for (const size_t cut : {whole.size() - 1, whole.size() - 40, first + 1}) {
    replace_log(whole.substr(0, cut));
    EXPECT_EQ(*ids_in(*store_on(context_, context_.files(), folder_), "p"), Ids{"a"});
    auto store = open();
    ASSERT_TRUE(write(*store, {"c"}));
    EXPECT_EQ(*ids_in(*store, "p"), (Ids{"a", "c"}));
  }
}

// As a command lists while the pipeline runs, and a replay reads while it notes what went back.
TEST_F(FilesDeadLettersTest, a_line_that_grows_while_it_is_read_is_no_damage) {
  for (const std::string path :
       {"/data/p/letters-00000000000000000001.jsonl", "/data/p/replayed.jsonl"}) {
    sim::SimFiles files;
    auto store = store_on(context_, files, "/data");
    ASSERT_TRUE(store->open("p", {}));
    for (const uint64_t number : std::array<uint64_t, 3>{1, 2, 3}) {
      ASSERT_TRUE(write(*store, {std::to_string(number)}));
      ASSERT_TRUE((*store->archive("p"))->mark_replayed(std::vector{number}, {}));
    }
    auto file = *files.open(path, OpenMode::write);
    std::string all(file->info()->size, '\0');
    ASSERT_TRUE(file->read(0, all));
    const size_t half = all.find('\n') + 10;
    ASSERT_TRUE(file->truncate(half));
    int reads = 0;
    files.set_hook([&](const sim::FileOperation& operation) -> std::optional<sim::FileFault> {
      if (operation.op == sim::FileOp::read && operation.path == path && ++reads == 3) {
        EXPECT_TRUE(file->write(half, std::string_view(all).substr(half)));
      }
      return std::nullopt;
    });
    const auto read = ids_in(*store, "p", 9);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_GE(reads, 3);
    EXPECT_EQ(read->front(), "1 replayed");
  }
}

TEST_F(FilesDeadLettersTest, damage_before_acknowledged_letters_is_an_error_that_names_the_place) {
  {
    auto store = open();
    ASSERT_TRUE(write(*store, {"a"}));
    ASSERT_TRUE(write(*store, {"b"}));
  }
  std::string bytes = read_log();
  bytes[20] = '#';
  replace_log(bytes);
  const Error error = open_error();
  EXPECT_EQ(error.kind, Error::Kind::fatal);
  EXPECT_NE(error.what.find(log_path()), std::string::npos) << error.what;
  EXPECT_NE(error.what.find("damaged"), std::string::npos) << error.what;
  EXPECT_EQ(read_log(), bytes) << "nothing is cut off a damaged log";
  EXPECT_FALSE(ids_in(*store_on(context_, context_.files(), folder_), "p"));
}

TEST_F(FilesDeadLettersTest, a_broken_line_before_others_of_the_same_write_is_a_torn_write) {
  {
    ASSERT_TRUE(write(*open(), {"a"}));
  }
  {
    ASSERT_TRUE(write(*open(), {"b", "c"}));
  }
  std::string bytes = read_log();
  bytes[bytes.find('\n') + 20] = '#';
  replace_log(bytes);
  auto store = open();
  EXPECT_EQ(*ids_in(*store, "p"), Ids{"a"});
  ASSERT_TRUE(write(*store, {"d"}));  // as long as the broken one: what follows that is gone
  EXPECT_EQ(*ids_in(*store, "p"), (Ids{"a", "d"}));
}

TEST_F(FilesDeadLettersTest, a_later_version_is_refused_by_name) {
  {
    ASSERT_TRUE(write(*open(), {"a"}));
  }
  const std::string bytes = read_log() + "{\"penstock_dead_letter\":3,\"x\":1}\n";
  replace_log(bytes);
  const Error error = open_error();
  EXPECT_EQ(error.kind, Error::Kind::fatal);
  EXPECT_NE(error.what.find("version 3"), std::string::npos) << error.what;
  EXPECT_EQ(read_log(), bytes);
}

TEST_F(FilesDeadLettersTest, a_folder_that_cannot_be_made_is_an_error_that_names_it) {
  std::ofstream(folder_ + "/p") << "a file";
  EXPECT_NE(open_error().what.find(folder_ + "/p"), std::string::npos);
}

TEST_F(FilesDeadLettersTest, a_full_disk_keeps_what_was_there_and_goes_on_once_there_is_room) {
  sim::SimFiles files;
  auto store = store_on(context_, files, "/letters");
  ASSERT_TRUE(store->open("p", {}));
  ASSERT_TRUE(write(*store, {"a"}));
  bool full = true;
  files.set_hook([&](const sim::FileOperation& operation) -> std::optional<sim::FileFault> {
    if (full && operation.op == sim::FileOp::write) {
      return sim::FileFault{.error = transient("no space left").error(), .bytes_kept = 700};
    }
    return std::nullopt;
  });
  const Result<> written = write(*store, {"b", "c"});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, Error::Kind::transient);
  full = false;
  ASSERT_TRUE(write(*store, {"d"}));
  EXPECT_EQ(*ids_in(*store, "p"), (Ids{"a", "d"}));
}

TEST_F(FilesDeadLettersTest, after_a_failed_sync_nothing_is_written_any_more) {
  sim::SimFiles files;
  auto store = store_on(context_, files, "/letters");
  ASSERT_TRUE(store->open("p", {}));
  ASSERT_TRUE(write(*store, {"a"}));
  bool broken = true;
  files.set_hook([&](const sim::FileOperation& operation) -> std::optional<sim::FileFault> {
    if (broken && operation.op == sim::FileOp::sync) {
      return sim::FileFault{.error = fatal("input/output error").error()};
    }
    return std::nullopt;
  });
  EXPECT_FALSE(write(*store, {"b"}));
  broken = false;
  EXPECT_FALSE(write(*store, {"b"}));
}

// One life after the other on a disk that forgets: what was acknowledged is there, in order, once.
class CrashTest : public testing::TestWithParam<int> {};

TEST_P(CrashTest, acknowledged_letters_survive_a_machine_that_dies_anywhere) {
  TestContext context("p/files");
  Random random(static_cast<uint64_t>(GetParam()) + 1);
  sim::SimFiles files;
  Ids acknowledged, offered;
  std::vector<uint64_t> replayed;
  int number = 0;
  for (int life = 0; life < 8; ++life) {
    auto store = store_on(context, files, "/data/letters");
    files.die_at(files.operations() + random.below(25));
    bool alive = store->open("p", {}).has_value();
    while (alive) {
      Ids ids;
      for (uint64_t i = random.below(3) + 1; i > 0; --i) {
        ids.push_back("id" + std::to_string(number++));
      }
      offered.insert(offered.end(), ids.begin(), ids.end());
      alive = write(*store, ids).has_value();
      if (alive) {
        acknowledged.insert(acknowledged.end(), ids.begin(), ids.end());
        const uint64_t sequence = random.below(acknowledged.size()) + 1;
        alive = (*store->archive("p"))->mark_replayed(std::vector{sequence}, {}).has_value();
        if (alive) {
          replayed.push_back(sequence);
        }
      }
    }
    store.reset();
    if (random.chance(0.3)) {
      files.crash_process();
    } else if (random.chance(0.3)) {
      files.crash_machine_forgetting_all();
    } else {
      files.crash_machine(random);
    }
    auto after = store_on(context, files, "/data/letters");
    const Result<> opened = after->open("p", {});
    ASSERT_TRUE(opened) << opened.error().what;
    const Result<Ids> kept = ids_in(*after, "p");
    ASSERT_TRUE(kept) << kept.error().what;
    Ids plain;
    for (const std::string& id : *kept) {
      plain.push_back(id.substr(0, id.find(' ')));
    }
    // Every acknowledged one, in order; an offered one between them may be kept too.
    size_t at = 0;
    for (const std::string& id : plain) {
      at += at < acknowledged.size() && id == acknowledged[at] ? 1 : 0;
    }
    ASSERT_EQ(at, acknowledged.size());
    for (const uint64_t sequence : replayed) {
      ASSERT_TRUE((*kept)[sequence - 1].ends_with("replayed")) << sequence;
    }
    acknowledged = plain;
    after.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CrashTest, testing::Range(0, 150));

}  // namespace
}  // namespace penstock
