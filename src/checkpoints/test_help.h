// SqliteCheckpointsTest: stores on one file in a folder of the test's own, and that file as version
// 1 left it. Owned by the test; one thread.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checkpoints/sqlite.h"
#include "core/order_key.h"
#include "testing/test_checkpoint.h"
#include "testing/test_context.h"

namespace penstock {

inline constexpr const char* kSource = "files/a";

// Keeps the warnings.
class WarningLog final : public Log {
 public:
  void write(Level level, std::string_view, std::string_view what) override {
    if (level == Level::warn) {
      warnings.emplace_back(what);
    }
  }
  std::vector<std::string> warnings;
};

inline std::unique_ptr<CheckpointStore> open_store(const std::string& path,
                                                   const std::string& pipeline,
                                                   const std::string& source, Log* log = nullptr) {
  TestContext context(pipeline + "/sqlite");
  // Stores outlive the test's context.
  static SystemFiles files;
  static NullLog none;
  static Metrics metrics;
  static Shared shared;
  const Context with = context.with(files);
  return *SqliteCheckpoints::make({.path = path}, {with.clock,
                                                   log == nullptr ? none : *log,
                                                   with.files,
                                                   with.http,
                                                   with.server,
                                                   metrics,
                                                   shared,
                                                   with.where,
                                                   with.seed,
                                                   nullptr,
                                                   {},
                                                   source});
}

class SqliteCheckpointsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "penstock_checkpoints_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/penstock.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<CheckpointStore> store(const std::string& pipeline = "orders",
                                         const std::string& source = kSource) {
    return open_store(path_, pipeline, source, &log_);
  }
  static Changes at(const std::string& position) {
    Changes changes;
    changes.positions.emplace_back("part", position);
    changes.at = {1'700'000'000'000'000};
    return changes;
  }
  static std::string position_in(CheckpointStore& store) {
    const auto loaded = store.load({});
    EXPECT_TRUE(loaded) << loaded.error().what;
    return loaded && *loaded ? (*loaded)->positions.at("part") : "none";
  }
  void change(const std::string& sql) {
    auto database = sqlite::Database::open(files_, {.path = path_, .format = format(2)});
    ASSERT_TRUE(database) << database.error().what;
    ASSERT_TRUE((*database)->execute(sql.c_str()));
  }
  int64_t number(const char* sql) {
    auto database = sqlite::Database::open(files_, {.path = path_, .format = format(2)});
    EXPECT_TRUE(database) << database.error().what;
    auto statement = (*database)->prepare(sql);
    EXPECT_TRUE(statement) << statement.error().what;
    EXPECT_TRUE(*statement->step());
    return statement->integer(0);
  }
  static sqlite::Format format(int32_t version, const char* schema = "") {
    return {.noun = "x", .application_id = 0x50534350, .version = version, .schema = schema};
  }
  // The file as version 1 left it, with the states of these pipelines.
  void make_version_1(const std::map<std::string, Checkpoint>& states) {
    auto database = sqlite::Database::open(
        files_, {.path = path_,
                 .format = format(1,
                                  "CREATE TABLE checkpoints(pipeline TEXT PRIMARY KEY NOT NULL, "
                                  "epoch INTEGER NOT NULL, checkpoint BLOB, saved_at TEXT) "
                                  "WITHOUT ROWID"),
                 .create = true});
    ASSERT_TRUE(database) << database.error().what;
    auto add = (*database)->prepare("INSERT INTO checkpoints VALUES(?1, ?2, ?3, 'then')");
    ASSERT_TRUE(add);
    for (const auto& [pipeline, checkpoint] : states) {
      const std::string bytes = Version1Bytes(checkpoint).bytes();
      add->bind_text(1, pipeline);
      add->bind(2, static_cast<int64_t>(checkpoint.epoch));
      add->bind_blob(3, bytes);
      ASSERT_TRUE(add->run());
    }
  }
  static Checkpoint old_state(const std::string& source = kSource) {
    Checkpoint old;
    old.epoch = 7;
    old.fingerprint = source;
    old.positions = {{"a", std::string("\0\1", 2)}, {"part", "17"}};
    old.quarantined = {{"out", kept_old_key({1, 2}), "{\"id\":1}"}};
    old.at = {1'700'000'000'000'000};
    return old;
  }

  SystemFiles files_;
  WarningLog log_;
  std::string folder_, path_;
};

}  // namespace penstock
