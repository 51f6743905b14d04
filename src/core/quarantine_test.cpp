#include "core/quarantine.h"

#include <gtest/gtest.h>

#include "testing/test_events.h"

namespace penstock {
namespace {

class QuarantineTest : public testing::Test {
 protected:
  Event event(std::string_view key, std::string_view stream = "shop.orders") {
    Event made = events_.raw("x");
    made.stream = stream;
    if (!key.empty()) {
      made.key = events_.document(key);
      made.order_key = order_key_of(secret_, made.stream, made.key);
    }
    return made;
  }
  // As version 1 of a checkpoint kept it.
  static Quarantined old_entry(const Event& event) {
    return {"out", kept_old_key(old_order_key_of(event.stream, event.key)), "text"};
  }
  QuarantineSet set(bool folders = false) const {
    return QuarantineSet({.hash_key = secret_, .folders = folders});
  }

  TestEvents events_;
  HashKey secret_ = random_hash_key();
};

TEST_F(QuarantineTest, holds_the_key_of_an_event_and_no_other) {
  QuarantineSet keys = set();
  EXPECT_TRUE(keys.empty());
  EXPECT_TRUE(keys.insert(event(R"({"id":1})")));
  EXPECT_FALSE(keys.insert(event(R"({"id":1.0})"))) << "the same number";
  EXPECT_EQ(keys.size(), 1U);
  EXPECT_TRUE(keys.contains(event(R"({"id":1})")));
  EXPECT_FALSE(keys.contains(event(R"({"id":2})")));
  EXPECT_FALSE(keys.contains(event(R"({"id":1})", "shop.customers")));
}

TEST_F(QuarantineTest, events_without_a_key_are_never_in_it) {
  QuarantineSet keys = set();
  EXPECT_FALSE(keys.insert(event("")));
  EXPECT_TRUE(keys.empty());
  EXPECT_FALSE(keys.contains(event("")));
}

TEST_F(QuarantineTest, another_process_with_another_secret_holds_what_was_kept) {
  const std::string wide = R"({"id":")" + std::string(5000, 'x') + R"("})";
  const std::vector<std::string> documents{R"({"id":1})", R"({"a":{"b":[1,2.5]}})", wide};
  std::vector<Quarantined> kept;
  for (const std::string& key : documents) {
    kept.push_back(quarantined_at("out", event(key)));
    EXPECT_LE(kept.back().key.size(), 1024U);
  }
  kept.push_back(quarantined_at("other", event(R"({"id":7})")));
  kept.push_back(quarantined_at("", event(R"({"id":8})")));
  EXPECT_EQ(kept.front().text, R"({"id":1})");
  secret_ = random_hash_key();
  QuarantineSet keys = set();
  keys.load(kept, "out");
  EXPECT_EQ(keys.size(), 4U);
  for (const std::string& key : documents) {
    EXPECT_TRUE(keys.contains(event(key))) << key;
  }
  EXPECT_TRUE(keys.contains(event(R"({"id":8})"))) << "rejected before any sink: at every sink";
  EXPECT_FALSE(keys.contains(event(R"({"id":7})"))) << "of another sink";
}

TEST_F(QuarantineTest, what_a_transform_rejected_holds_the_key_that_it_had_then) {
  Event rejected = event("");
  const Event reached = event(R"({"id":5})", "renamed");
  const std::string kept = kept_key_of(reached);
  rejected.order_key = reached.order_key;
  rejected.kept_key = kept;
  const Quarantined entry = quarantined_at("out", rejected);
  QuarantineSet keys = set();
  keys.load({&entry, 1}, "out");
  EXPECT_TRUE(keys.contains(reached));
}

TEST_F(QuarantineTest, keys_of_version_1_stay_in_it) {
  const Event held = event(R"({"id":1})");
  const Quarantined entry = old_entry(held);
  QuarantineSet keys = set();
  keys.load({&entry, 1}, "out");
  EXPECT_EQ(keys.size(), 1U);
  EXPECT_TRUE(keys.contains(held));
  EXPECT_FALSE(keys.insert(held)) << "no second entry for the same key";
  EXPECT_FALSE(keys.contains(event(R"({"id":2})")));
  EXPECT_FALSE(keys.contains(event("")));
}

TEST_F(QuarantineTest, keeps_the_front_of_a_long_text) {
  const std::string whole = R"({"id":")" + std::string(247, 'x') + R"("})";
  ASSERT_EQ(whole.size(), 256U);
  EXPECT_EQ(quarantined_at("out", event(whole)).text, whole);
  const std::string longer = R"({"id":")" + std::string(248, 'x') + R"("})";
  EXPECT_EQ(quarantined_at("out", event(longer)).text, R"({"id":")" + std::string(246, 'x') + "…");
  const std::string wide = R"({"id":")" + std::string(245, 'x') + "äöü" + R"("})";
  EXPECT_EQ(quarantined_at("out", event(wide)).text, R"({"id":")" + std::string(245, 'x') + "…")
      << "no half of a character";
  EXPECT_EQ(key_text(event(wide)), wide);
}

// Version 1 kept the folder's hash, of which the key cannot be told.
TEST_F(QuarantineTest, keys_of_version_1_at_a_sink_of_folders_stay_in_it_by_their_text) {
  const Quarantined entry{"lake", kept_old_key({1, 2}), R"({"id":1})"};
  QuarantineSet folders = set(true);
  folders.load({&entry, 1}, "lake");
  EXPECT_TRUE(folders.contains(event(R"({"id":1})")));
  EXPECT_FALSE(folders.contains(event(R"({"id":2})")));
  const std::string wide = R"({"id":")" + std::string(5000, 'x') + R"("})";
  const Quarantined longer{"lake", kept_old_key({3, 4}), wide};
  folders.load({&longer, 1}, "lake");
  EXPECT_TRUE(folders.contains(event(wide))) << "by all of it";
  QuarantineSet plain = set();
  plain.load({&entry, 1}, "lake");
  EXPECT_FALSE(plain.contains(event(R"({"id":1})")));
}

}  // namespace
}  // namespace penstock
