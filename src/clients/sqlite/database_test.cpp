#include "clients/sqlite/database.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "testing/helper_process.h"

namespace penstock::sqlite {
namespace {

OpenOptions options(const std::string& path, bool create = true) {
  return {.path = path,
          .format = {.noun = "test file",
                     .application_id = 0x50535454,
                     .version = 3,
                     .schema = "CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)"},
          .create = create};
}

// Makes the file, or finds it made, and adds a row.
[[maybe_unused]] const bool kMaker =
    HelperProcess::add_role("database_maker", [](const std::string& path) {
      SystemFiles files;
      auto database = Database::open(files, options(path));
      return database && (*database)->execute("INSERT INTO t(b) VALUES(x'01')") ? 0 : 1;
    });

class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "penstock_sqlite_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::unique_ptr<Database> open(const std::string& name) {
    Result<std::unique_ptr<Database>> database = Database::open(files_, options(path(name)));
    EXPECT_TRUE(database) << database.error().what;
    return database ? *std::move(database) : nullptr;
  }
  Error error_of(const std::string& name, bool create = true) {
    const auto database = Database::open(files_, options(path(name), create));
    EXPECT_FALSE(database);
    return database ? Error{} : database.error();
  }

  SystemFiles files_;
  std::string folder_;
};

TEST_F(DatabaseTest, makes_a_missing_file_with_its_folders_and_leaves_nothing_else) {
  {
    ASSERT_NE(open("a/b/c.db"), nullptr);
  }
  const auto names = files_.list(path("a/b"));
  ASSERT_TRUE(names);
  EXPECT_EQ(*names, std::vector<std::string>{"c.db"});
}

TEST_F(DatabaseTest, a_missing_file_that_is_not_to_be_made_is_an_error_naming_it) {
  const Error error = error_of("c.db", false);
  EXPECT_EQ(error.kind, Error::Kind::fatal);
  EXPECT_NE(error.what.find("c.db: there is no such file"), std::string::npos) << error.what;
  EXPECT_FALSE(std::filesystem::exists(path("c.db")));
}

TEST_F(DatabaseTest, removes_what_a_crash_left_while_making_the_file) {
  {
    ASSERT_NE(open("c.db"), nullptr);
  }
  std::ofstream(path(".c.db.0123.new")) << "half";
  std::ofstream(path(".c.db.0123.new-journal")) << "half";
  {
    ASSERT_NE(open("c.db"), nullptr);
  }
  EXPECT_EQ(*files_.list(folder_), std::vector<std::string>{"c.db"});
}

TEST_F(DatabaseTest, a_transaction_that_is_not_committed_leaves_nothing) {
  auto database = open("c.db");
  {
    auto transaction = Transaction::begin(*database, {});
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database->execute("INSERT INTO t VALUES(1, x'00')"));
  }
  {
    auto transaction = Transaction::begin(*database, {});
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database->execute("INSERT INTO t VALUES(2, x'00')"));
    ASSERT_TRUE(transaction->commit());
  }
  auto rows = database->prepare("SELECT a FROM t");
  ASSERT_TRUE(rows);
  ASSERT_TRUE(*rows->step());
  EXPECT_EQ(rows->integer(0), 2);
  EXPECT_FALSE(*rows->step());
}

TEST_F(DatabaseTest, keeps_bytes_as_they_are_and_tells_empty_from_absent) {
  auto database = open("c.db");
  auto insert = database->prepare("INSERT INTO t VALUES(?1, ?2)");
  ASSERT_TRUE(insert);
  const std::string bytes("\0\xff z", 4);
  insert->bind(1, 1);
  insert->bind_blob(2, bytes);
  ASSERT_TRUE(insert->run());
  insert->bind(1, 2);
  insert->bind_blob(2, {});
  ASSERT_TRUE(insert->run());
  auto rows = database->prepare("SELECT b FROM t ORDER BY a");
  ASSERT_TRUE(*rows->step());
  EXPECT_EQ(rows->bytes(0), bytes);
  ASSERT_TRUE(*rows->step());
  EXPECT_EQ(rows->bytes(0), "");
  EXPECT_FALSE(rows->is_null(0));
}

TEST_F(DatabaseTest, a_later_version_is_refused_by_name) {
  {
    ASSERT_TRUE(open("c.db")->execute("PRAGMA user_version=4"));
  }
  const Error error = error_of("c.db");
  EXPECT_EQ(error.kind, Error::Kind::fatal);
  EXPECT_NE(error.what.find("version 4"), std::string::npos) << error.what;
  EXPECT_NE(error.what.find("c.db"), std::string::npos) << error.what;
}

TEST_F(DatabaseTest, an_earlier_version_is_read) {
  {
    ASSERT_TRUE(open("c.db")->execute("PRAGMA user_version=2"));
  }
  EXPECT_NE(open("c.db"), nullptr);
}

TEST_F(DatabaseTest, a_file_of_another_kind_is_refused) {
  {
    ASSERT_TRUE(open("c.db")->execute("PRAGMA application_id=7"));
  }
  EXPECT_NE(error_of("c.db").what.find("another kind"), std::string::npos);
}

TEST_F(DatabaseTest, a_damaged_or_empty_file_is_refused_and_not_replaced) {
  std::ofstream(path("text.db")) << std::string(9000, 'x');
  Error error = error_of("text.db");
  EXPECT_EQ(error.kind, Error::Kind::fatal);
  EXPECT_NE(error.what.find("text.db"), std::string::npos) << error.what;
  EXPECT_NE(error.what.find("damaged"), std::string::npos) << error.what;
  {
    std::ofstream touched(path("empty.db"));
  }
  error = error_of("empty.db");
  EXPECT_NE(error.what.find("empty"), std::string::npos) << error.what;
  EXPECT_EQ(std::filesystem::file_size(path("empty.db")), 0U);
}

TEST_F(DatabaseTest, a_folder_that_cannot_be_made_is_an_error_naming_it) {
  std::ofstream(path("file")) << "x";
  EXPECT_NE(error_of("file/c.db").what.find("file"), std::string::npos);
  EXPECT_NE(error_of("../../../../../../../proc/penstock/c.db").what.find("/proc/penstock"),
            std::string::npos);
}

TEST_F(DatabaseTest, notices_that_its_file_was_deleted_or_replaced) {
  auto database = open("c.db");
  EXPECT_TRUE(database->in_place());
  std::filesystem::rename(path("c.db"), path("old.db"));
  EXPECT_FALSE(database->in_place());
  {
    ASSERT_NE(open("c.db"), nullptr);
  }
  EXPECT_FALSE(database->in_place());
  std::filesystem::rename(path("old.db"), path("c.db"));
  EXPECT_TRUE(database->in_place());
}

TEST_F(DatabaseTest, a_writer_that_holds_the_lock_makes_others_fail_for_now) {
  auto one = open("c.db");
  auto two = open("c.db");
  auto transaction = Transaction::begin(*one, {});
  ASSERT_TRUE(transaction);
  const auto second = Transaction::begin(*two, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Error::Kind::transient);
}

// By two paths: the file is what they share. Without turns it would be `transient`, after 0.7 s.
TEST_F(DatabaseTest, writers_of_one_process_wait_for_their_turn_and_not_for_the_lock) {
  Shared shared;
  OpenOptions with = options(path("c.db"));
  with.shared = &shared;
  auto one = *Database::open(files_, with);
  with.path = path("./c.db");
  auto two = *Database::open(files_, with);
  auto transaction = Transaction::begin(*one, {});
  ASSERT_TRUE(transaction);
  std::stop_source stop;
  stop.request_stop();
  const auto waited = Transaction::begin(*two, stop.get_token());
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind, Error::Kind::cancelled);
  ASSERT_TRUE(transaction->commit());
  {
    EXPECT_TRUE(Transaction::begin(*two, {}));  // and is rolled back
  }
  EXPECT_TRUE(Transaction::begin(*one, stop.get_token()));
}

TEST_F(DatabaseTest, a_turn_that_comes_to_nothing_is_given_back) {
  Shared shared;
  OpenOptions with = options(path("c.db"));
  with.shared = &shared;
  auto one = *Database::open(files_, with);
  auto stranger = open("c.db");  // as of another process
  {
    const auto held = Transaction::begin(*stranger, {});
    ASSERT_TRUE(held);
    const auto failed = Transaction::begin(*one, {});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, Error::Kind::transient);
  }
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(Transaction::begin(*one, stop.get_token()));
}

TEST_F(DatabaseTest, a_full_disk_is_transient_and_says_so) {
  auto database = open("c.db");
  ASSERT_TRUE(database->execute("PRAGMA max_page_count=4"));
  const auto written = database->execute("INSERT INTO t VALUES(1, zeroblob(100000))");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, Error::Kind::transient);
  EXPECT_NE(written.error().what.find("disk is full"), std::string::npos) << written.error().what;
  EXPECT_FALSE(database->in_transaction());
  ASSERT_TRUE(database->execute("PRAGMA max_page_count=1000"));
  EXPECT_TRUE(database->execute("INSERT INTO t VALUES(1, zeroblob(100000))"));
}

TEST_F(DatabaseTest, processes_that_make_it_at_once_end_with_one_file) {
  constexpr int kProcesses = 6;
  std::vector<std::unique_ptr<HelperProcess>> helpers;
  for (int i = 0; i < kProcesses; ++i) {
    helpers.push_back(std::make_unique<HelperProcess>("database_maker", path("c.db")));
  }
  for (const auto& helper : helpers) {
    EXPECT_EQ(helper->wait(), 0);
  }
  auto database = open("c.db");
  auto count = database->prepare("SELECT count(*) FROM t");
  ASSERT_TRUE(*count->step());
  EXPECT_EQ(count->integer(0), kProcesses);
}

}  // namespace
}  // namespace penstock::sqlite
