#include <gtest/gtest.h>

#include "core/order_key.h"
#include "doc/bson.h"
#include "doc/json.h"

namespace penstock {
namespace {

OrderKey key_of(std::string_view json, std::string_view stream = "s") {
  Arena arena;
  doc::JsonReader reader;
  const auto key = reader.read(arena.copy(json), arena);
  EXPECT_TRUE(key) << json;
  return order_key_of({}, stream, *key);
}

OrderKey key_of_double(double value) {
  Arena arena;
  doc::BsonWriter writer(arena);
  writer.double_("a", value);
  return order_key_of({}, "s", writer.finish());
}

OrderKey key_of_int64(int64_t value) {
  Arena arena;
  doc::BsonWriter writer(arena);
  writer.int64("a", value);
  return order_key_of({}, "s", writer.finish());
}

TEST(order_key, of_no_key_is_zero) {
  EXPECT_TRUE(order_key_of({}, "s", Document()).is_zero());
  EXPECT_FALSE(key_of("{}").is_zero());
}

TEST(order_key, of_equal_numbers_is_equal_whatever_their_type) {
  const OrderKey one = key_of(R"({"a":1})");
  EXPECT_EQ(one, key_of_int64(1));
  EXPECT_EQ(one, key_of(R"({"a":1.0})"));
  EXPECT_EQ(one, key_of(R"({"a":10E-1})"));
  EXPECT_EQ(one, key_of_double(1));
  EXPECT_EQ(key_of(R"({"a":0})"), key_of(R"({"a":-0.0})"));
  EXPECT_EQ(key_of(R"({"a":0})"), key_of_double(-0.0));
  EXPECT_EQ(key_of(R"({"a":0.5})"), key_of_double(0.5));
  EXPECT_EQ(key_of(R"({"a":-1.25E+3})"), key_of_double(-1250));
  EXPECT_EQ(key_of(R"({"a":1267650600228229401496703205376})"), key_of_double(0x1p100));
  EXPECT_EQ(key_of(R"({"a":1E+22})"), key_of_double(1e22));
  EXPECT_EQ(key_of(R"({"a":-9223372036854775808})"), key_of_double(-0x1p63));
  EXPECT_EQ(key_of(R"({"a":9223372036854775808})"), key_of_double(0x1p63));
}

TEST(order_key, of_different_keys_differs) {
  const OrderKey one = key_of(R"({"a":1})");
  for (const char* const other :
       {R"({"a":2})", R"({"a":-1})", R"({"a":"1"})", R"({"b":1})", R"({"a":1.1})", R"({"a":[1]})",
        R"({"a":{"a":1}})", R"({"a":true})", R"({"a":1,"b":1})", R"({"a":1E+1})"}) {
    EXPECT_NE(one, key_of(other)) << other;
  }
  EXPECT_NE(one, key_of(R"({"a":1})", "t"));
  EXPECT_NE(key_of(R"({"a":1,"b":2})"), key_of(R"({"b":2,"a":1})"));
  // A double is no decimal that only looks like it.
  EXPECT_NE(key_of(R"({"a":0.1})"), key_of_double(0.1));
  EXPECT_NE(key_of_double(1e300), key_of_double(1.0000000000000002e300));
}

TEST(order_key, of_a_long_key_counts_all_of_it) {
  const std::string text(10'000, 'x');
  EXPECT_EQ(key_of(R"({"a":")" + text + R"("})"), key_of(R"({"a":")" + text + R"("})"));
  EXPECT_NE(key_of(R"({"a":")" + text + R"("})"), key_of(R"({"a":")" + text + R"(y"})"));
  std::string many = "{";
  for (int i = 0; i < 200; ++i) {
    many += "\"name" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  }
  EXPECT_NE(key_of(many + R"("z":1})"), key_of(many + R"("z":2})"));
}

// Two processes with two secrets, and the key as it stands on disk between them.
TEST(order_key, is_made_again_of_what_was_kept) {
  Arena arena;
  doc::JsonReader reader;
  for (const size_t size : {size_t{1}, size_t{400}, size_t{505}, size_t{990}, size_t{100'000}}) {
    const std::string json = R"({"id":")" + std::string(size, 'x') + R"("})";
    const Document key = *reader.read(arena.copy(json), arena);
    const std::string kept = kept_key_of("s", key);
    EXPECT_TRUE(is_kept_key(kept)) << size;
    EXPECT_LE(kept.size(), 1024U);
    const HashKey secret = random_hash_key();
    EXPECT_EQ(order_key_of_kept(secret, kept), order_key_of(secret, "s", key)) << size;
    EXPECT_NE(order_key_of(secret, "s", key), order_key_of({}, "s", key)) << size;
  }
  EXPECT_EQ(kept_key_of("s", Document()), "");
}

TEST(order_key, of_a_name_is_that_of_no_key) {
  EXPECT_EQ(order_key_of_name({}, "a"), order_key_of_name({}, "a"));
  EXPECT_NE(order_key_of_name({}, "a"), order_key_of_name({}, "b"));
  EXPECT_FALSE(order_key_of_name({}, "").is_zero());
  Arena arena;
  doc::JsonReader reader;
  const Document key = *reader.read(arena.copy("{}"), arena);
  EXPECT_NE(order_key_of_name({}, kept_key_of("s", key)), order_key_of({}, "s", key));
}

TEST(order_key, kept_wrongly_is_told) {
  for (const std::string& bytes :
       {std::string(), std::string("\0x", 2), std::string("\2short"), std::string("\3short"),
        std::string("\4x"), "\1" + std::string(5000, 'x')}) {
    EXPECT_FALSE(is_kept_key(bytes)) << bytes.substr(0, 10);
  }
}

// As the program of version 1 wrote them.
TEST(order_key, of_version_1_is_what_it_was) {
  Arena arena;
  doc::JsonReader reader;
  const std::pair<std::string, Hash128> rows[] = {
      {R"({"id":12345})", {0xc269b3d280e3c0e4, 0x6fd11414f9a64d96}},
      {R"({"_id":{"a":1.5,"b":[1,"x"]},"n":12345678901234567890123})",
       {0xe5a5bb0b5776d9f3, 0xdc2aa6431840c787}},
      {R"({"id":")" + std::string(300, 'x') + R"(","j":")" + std::string(300, 'y') + R"("})",
       {0x41d8793dfbc24c43, 0x545240840ea0e11d}},
      {R"({"id":")" + std::string(2000, 'x') + R"("})", {0x0a527bf5a1d79ac6, 0x64fc8762aa13149a}}};
  for (const auto& [json, old] : rows) {
    const Document key = *reader.read(arena.copy(json), arena);
    EXPECT_EQ(old_order_key_of("shop.orders", key), old) << json.substr(0, 30);
    EXPECT_EQ(old_key_of(kept_old_key(old)), old);
    EXPECT_FALSE(old_key_of(kept_key_of("shop.orders", key)));
  }
}

}  // namespace
}  // namespace penstock
