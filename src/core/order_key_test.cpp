#include <gtest/gtest.h>

#include "core/event.h"
#include "doc/bson.h"
#include "doc/json.h"

namespace penstock {
namespace {

OrderKey key_of(std::string_view json, std::string_view stream = "s") {
  Arena arena;
  doc::JsonReader reader;
  const auto key = reader.read(arena.copy(json), arena);
  EXPECT_TRUE(key) << json;
  return order_key_of(stream, *key);
}

OrderKey key_of_double(double value) {
  Arena arena;
  doc::BsonWriter writer(arena);
  writer.double_("a", value);
  return order_key_of("s", writer.finish());
}

OrderKey key_of_int64(int64_t value) {
  Arena arena;
  doc::BsonWriter writer(arena);
  writer.int64("a", value);
  return order_key_of("s", writer.finish());
}

TEST(order_key, of_no_key_is_zero) {
  EXPECT_TRUE(order_key_of("s", Document()).is_zero());
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

}  // namespace
}  // namespace penstock
