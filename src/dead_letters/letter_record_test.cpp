#include "dead_letters/letter_record.h"

#include <gtest/gtest.h>

#include <new>

#include "doc/json.h"
#include "testing/test_letter.h"

namespace penstock::dead_letters {
namespace {

std::string line_of(const DeadLetter& letter, uint64_t sequence = 3, uint64_t write_first = 2) {
  std::string line;
  append_line(letter, {.pipeline = "p", .sequence = sequence, .write_first = write_first}, line);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line, whatever is in it";
  line.pop_back();
  return line;
}

TEST(LetterRecord, everything_comes_back_as_it_was) {
  const TestLetter made("id-1");
  const auto line = parse_line(line_of(made.letter(true)));
  ASSERT_TRUE(line) << line.error().what;
  EXPECT_EQ(line->write_first, 2U);
  const StoredLetter& letter = line->letter;
  EXPECT_EQ(letter.sequence, 3U);
  EXPECT_EQ(letter.pipeline, "p");
  EXPECT_EQ(letter.sink, "mongodb");
  EXPECT_EQ(letter.error, "mongodb: 121 Document failed validation");
  EXPECT_EQ(letter.part, "part-0");
  EXPECT_EQ(letter.position_text, "Af4=");
  EXPECT_EQ(letter.at, (Timestamp{1'700'000'001'000'000}));
  EXPECT_TRUE(letter.quarantined);
  const Event& event = letter.event();
  EXPECT_EQ(event.id, made.event.id);
  EXPECT_EQ(event.order, made.event.order);
  EXPECT_EQ(event.stream, made.event.stream);
  EXPECT_EQ(event.op, Op::update);
  EXPECT_EQ(event.at, made.event.at);
  EXPECT_EQ(letter.key, kept_key_of(made.event));
  EXPECT_FALSE(letter.key.empty());
  EXPECT_TRUE(event.has_raw);
  EXPECT_EQ(event.raw, made.event.raw);
  EXPECT_EQ(event.key.bytes(), made.event.key.bytes());
  EXPECT_EQ(event.after.bytes(), made.event.after.bytes());
  EXPECT_FALSE(event.before);
  EXPECT_FALSE(event.meta);
}

TEST(LetterRecord, losses_of_a_document_come_back) {
  TestLetter made("id-1");
  const Loss loss{.path = "/n", .type = Loss::Type::number, .text = "1e999999"};
  const std::span<const Loss> losses(&loss, 1);
  made.event.after = Document(made.event.after.data(), &losses);
  const auto line = parse_line(line_of(made.letter()));
  ASSERT_TRUE(line) << line.error().what;
  const auto found = line->letter.event().after.losses();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, "/n");
  EXPECT_EQ(found[0].type, Loss::Type::number);
  EXPECT_EQ(found[0].text, "1e999999");
}

TEST(LetterRecord, a_line_is_json_that_people_read) {
  TestLetter made("id-1");
  made.event.raw = "plain";
  const std::string line = line_of(made.letter());
  for (const char* part :
       {R"("penstock_dead_letter":2,"sequence":3)", R"("sink":"mongodb")", R"("id":"id-1")",
        R"("key":{"_id":"k"})", R"("raw":"plain")", R"("position_base64":"Af4=")"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  }
  EXPECT_TRUE(doc::is_valid_json(made.arena.copy(line))) << line;
}

// As version 1 wrote them: stream shop.orders, key {"_id":"k"}, and a hash for the order's key.
TEST(LetterRecord, a_letter_of_version_1_is_read_with_its_key) {
  const std::string front =
      "AwAAAAAAAAACAAAAAAAAAECCLRgkCgYAAQEAAAAAAAAAcAcAAAAAAAAAbW9uZ29kYicAAAAAAAAAbW9uZ29k"
      "YjogMTIxIERvY3VtZW50IGZhaWxlZCB2YWxpZGF0aW9uBgAAAAAAAABwYXJ0LTACAAAAAAAAAAH+BAAAAAAA"
      "AABpZC0xAQAAAAAAAABvCwAAAAAAAABzaG9wLm9yZGVycwMAAAAAAAAAAAAAQB4YJAoGA";
  const std::string back = "BBQAAAAAAAABwbGFpbgEQAAAAAAAAABAAAAACX2lkAAIAAABrAAAAAAAAAAAAAAAAAA==";
  const TestLetter made("id-1");
  const std::pair<const char*, std::string> rows[] = {
      {"KQREP/jYsdefVL6tT99jyM", kept_key_of("shop.orders", made.event.key)},
      {"AUAAAAAAAAABgAAAAAAAAA", kept_old_key({5, 6})},  // of a name that a transform gave it
      {"AAAAAAAAAAAAAAAAAAAAAA", ""}};
  for (const auto& [hash, key] : rows) {
    std::string line = R"({"penstock_dead_letter":1,"record":")";
    line += front;
    line += hash;
    line += back;
    line += '"';
    seal_line(0, line);
    line.pop_back();
    const auto parsed = parse_line(line);
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(parsed->letter.key, key);
    EXPECT_EQ(parsed->letter.sequence, 3U);
    EXPECT_EQ(parsed->letter.event().id, "id-1");
    EXPECT_EQ(parsed->letter.event().raw, "plain");
    EXPECT_EQ(parsed->letter.event().key.bytes(), made.event.key.bytes());
  }
}

TEST(LetterRecord, what_a_transform_rejected_keeps_the_key_that_it_had_then) {
  TestLetter made("id-1");
  const std::string kept = kept_key_of("renamed", made.event.key);
  made.event.kept_key = kept;
  const auto line = parse_line(line_of(made.letter()));
  ASSERT_TRUE(line) << line.error().what;
  EXPECT_EQ(line->letter.key, kept);
}

TEST(LetterRecord, any_changed_or_missing_byte_is_noticed) {
  const std::string line = line_of(TestLetter("id-1").letter());
  for (size_t i = 0; i < line.size(); ++i) {
    std::string changed = line;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(parse_line(changed)) << "byte " << i;
    EXPECT_FALSE(parse_line(line.substr(0, i))) << "cut at " << i;
  }
}

TEST(LetterRecord, a_later_version_is_refused_and_not_taken_for_a_torn_line) {
  const auto line = parse_line(R"({"penstock_dead_letter":3,"sealed":"otherwise"})");
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().kind, Error::Kind::fatal);
  EXPECT_NE(line.error().what.find("version 3"), std::string::npos) << line.error().what;
}

TEST(LetterRecord, a_record_with_a_true_hash_and_wild_content_is_rejected) {
  for (const char* record : {"", "AAAA", "////////////////////////////////", "not base64"}) {
    std::string line = R"({"penstock_dead_letter":1,"record":")";
    line += record;
    line += '"';
    seal_line(0, line);
    line.pop_back();
    EXPECT_FALSE(parse_line(line)) << record;
  }
}

}  // namespace
}  // namespace penstock::dead_letters
