#include "doc/json.h"

#include <gtest/gtest.h>

#include <utility>

#include "doc/bson.h"
#include "doc/decimal128.h"

namespace penstock::doc {
namespace {

struct TextRow {
  const char* name;
  std::string text;
  std::string written = {};  // "": as the text
};

class ValidTexts : public testing::TestWithParam<TextRow> {};

TEST_P(ValidTexts, are_read_and_written_with_equal_values) {
  const TextRow& row = GetParam();
  Arena arena;
  JsonReader reader;
  EXPECT_TRUE(is_valid_json(arena.copy(row.text)));
  const auto document = reader.read(arena.copy(row.text), arena);
  ASSERT_TRUE(document) << document.error().what;
  EXPECT_TRUE(check_bson(document->bytes()));
  std::string written;
  append_json(*document, written);
  EXPECT_EQ(written, row.written.empty() ? row.text : row.written);
}

const std::string kLongText(5000, 'x');
const std::string k50Digits = std::string(50, '7');

INSTANTIATE_TEST_SUITE_P(
    json, ValidTexts,
    testing::Values(
        TextRow{"empty", "{}"}, TextRow{"literals", R"({"a":true,"b":false,"c":null})"},
        TextRow{"nested", R"({"a":[[],{},[{"b":[1,2,{"c":"d"}]}]]})"},
        TextRow{"one_point_zero", R"({"a":1.0})"},
        TextRow{"hundred", R"({"a":1E2})", R"({"a":1E+2})"}, TextRow{"minus_zero", R"({"a":-0})"},
        TextRow{"minus_zero_point", R"({"a":-0.0})"},
        TextRow{"small", R"({"a":1e-7})", R"({"a":1E-7})"},
        TextRow{"leading_zeros", R"({"a":0.000001})"},
        TextRow{"int64_min", R"({"a":-9223372036854775808})"},
        TextRow{"beyond_int64", R"({"a":9223372036854775808})"},
        TextRow{"digits_34", R"({"a":1234567890123456789012345678901234})"},
        TextRow{"digits_50", R"({"a":)" + k50Digits + "}"},
        TextRow{"digits_50_in_array", R"({"a":[1,{"b":)" + k50Digits + "}]}"},
        TextRow{"e400", R"({"a":1e400})", R"({"a":1E+400})"}, TextRow{"e7000", R"({"a":1e7000})"},
        TextRow{"long_text", "{\"a\":\"" + kLongText + "\"}"},
        TextRow{"long_name", "{\"" + kLongText + "\":1}"},
        TextRow{"text_of_16_bytes", R"({"0123456789abcdef":"0123456789abcdef"})"},
        TextRow{"escape_behind_16_bytes", R"({"0123456789abcdef\n":"0123456789abcdef\""})"},
        TextRow{"all_escapes", R"({"a":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00"})",
                R"({"a":"\"\\/\b\f\n\r\tAé€😀"})"},
        TextRow{"nul_in_name", R"({"a\u0000b":1,"c":{"\u0000":[]}})"},
        TextRow{"odd_names", R"({"":1,"a/b":2,"~":3,"a.b":4,"$c":5})"},
        TextRow{"eleven_values", R"({"a":[0,1,2,3,4,5,6,7,8,9,10,11]})"},
        TextRow{"white_space", "\t{ \"a\" :\n[ 1 ,\r2 ] }\n ", R"({"a":[1,2]})"}),
    [](const auto& test) { return test.param.name; });

class InvalidTexts : public testing::TestWithParam<TextRow> {};

TEST_P(InvalidTexts, are_rejected) {
  Arena arena;
  JsonReader reader;
  // Behind the text stands what would make it whole.
  std::string behind = GetParam().text + "\"}]}]}";
  const std::string_view text = arena.copy(behind).substr(0, GetParam().text.size());
  EXPECT_FALSE(is_valid_json(text));
  const auto document = reader.read(text, arena);
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().kind, Error::Kind::rejected);
  EXPECT_FALSE(document.error().what.empty());
}

INSTANTIATE_TEST_SUITE_P(
    json, InvalidTexts,
    testing::Values(
        TextRow{"nothing", ""}, TextRow{"blank", " "}, TextRow{"open", "{"},
        TextRow{"open_array", R"({"a":[)"}, TextRow{"only_name", R"({"a")"},
        TextRow{"only_colon", R"({"a":)"}, TextRow{"no_end", R"({"a":1)"},
        TextRow{"no_end_of_text", R"({"a":"x)"}, TextRow{"comma_at_end", R"({"a":1,})"},
        TextRow{"comma_at_end_of_array", R"({"a":[1,]})"}, TextRow{"two_commas", R"({"a":[1,,2]})"},
        TextRow{"comma_first", R"({"a":[,1]})"}, TextRow{"wrong_closer", R"({"a":[1}})"},
        TextRow{"no_comma", R"({"a":1 "b":2})"}, TextRow{"no_colon", R"({"a" 1})"},
        TextRow{"name_without_quotes", R"({a:1})"}, TextRow{"number_as_name", R"({1:1})"},
        TextRow{"single_quotes", R"({'a':1})"}, TextRow{"plus", R"({"a":+1})"},
        TextRow{"leading_zero", R"({"a":01})"}, TextRow{"bare_point", R"({"a":1.})"},
        TextRow{"point_first", R"({"a":.5})"}, TextRow{"bare_exponent", R"({"a":1e})"},
        TextRow{"only_minus", R"({"a":-})"}, TextRow{"hexadecimal", R"({"a":0x1})"},
        TextRow{"nan", R"({"a":NaN})"}, TextRow{"text_behind_number", R"({"a":1"x"})"},
        TextRow{"text_behind_literal", R"({"a":true"x"})"}, TextRow{"truex", R"({"a":truex})"},
        TextRow{"two_texts", R"({"a":"x""y"})"}, TextRow{"wrong_escape", R"({"a":"\q"})"},
        TextRow{"short_unicode", R"({"a":"\u12"})"}, TextRow{"lone_low", R"({"a":"\udc00"})"},
        TextRow{"lone_high", R"({"a":"\ud800x"})"}, TextRow{"two_high", R"({"a":"\ud800\ud800"})"},
        TextRow{"control", "{\"a\":\"\n\"}"}, TextRow{"no_utf8", "{\"a\":\"\xC3\"}"},
        TextRow{"surrogate_in_utf8", "{\"a\":\"\xED\xA0\x80\"}"},
        TextRow{"byte_order_mark", "\xEF\xBB\xBF{}"}, TextRow{"two_objects", "{}{}"},
        TextRow{"bracket_behind", "{}}"}, TextRow{"escape_outside", R"({\"a":1})"}),
    [](const auto& test) { return test.param.name; });

TEST(JsonReader, rejects_what_is_valid_but_no_document) {
  Arena arena;
  JsonReader reader;
  std::string many = "{";
  for (int i = 0; i < 100; ++i) {
    many += "\"name" + std::to_string(i) + "\":1,";
  }
  for (const std::string& text :
       {std::string("[1]"), std::string("1"), std::string("\"x\""), std::string("null"),
        std::string(R"({"a":1,"a":2})"), std::string(R"({"b":{"a":1,"\u0061":2}})"),
        std::string(R"({"a\u0000":1,"a␀":2})"), many + "\"name7\":1}"}) {
    EXPECT_TRUE(is_valid_json(arena.copy(text))) << text;
    EXPECT_FALSE(reader.read(arena.copy(text), arena)) << text;
  }
  many.back() = '}';
  EXPECT_TRUE(reader.read(arena.copy(many), arena));
}

TEST(JsonReader, types_numbers_by_what_holds_them_exactly) {
  Arena arena;
  JsonReader reader;
  const auto document = reader.read(
      arena.copy(R"({"i":2147483647,"l":2147483648,"d":1.0,"z":-0,"s":)" + k50Digits + "}"), arena);
  ASSERT_TRUE(document);
  EXPECT_EQ(find(*document, "i")->type, Type::int32);
  EXPECT_EQ(find(*document, "l")->type, Type::int64);
  EXPECT_EQ(find(*document, "d")->type, Type::decimal128);
  EXPECT_EQ(find(*document, "z")->type, Type::decimal128);
  EXPECT_EQ(find(*document, "s")->type, Type::string);
  ASSERT_EQ(document->losses().size(), 1U);
  EXPECT_EQ(document->losses()[0].path, "/s");
  EXPECT_EQ(document->losses()[0].text, k50Digits);
}

TEST(JsonReader, bounds_what_losses_take) {
  // Each loss names its path, here of 80,000 bytes.
  std::string text = "{\"" + std::string(80'000, 'n') + "\":[";
  for (int i = 0; i < 2'000; ++i) {
    text += "1e7000,";
  }
  text += "1]}";
  Arena arena;
  JsonReader reader;
  const auto document = reader.read(arena.copy(text), arena);
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().kind, Error::Kind::rejected);
  EXPECT_LT(arena.pinned(), size_t{16} << 20);
  EXPECT_TRUE(is_valid_json(arena.copy(text)));
}

TEST(JsonReader, says_what_is_wrong_with_a_string) {
  Arena arena;
  JsonReader reader;
  const auto why = [&](std::string_view text, std::string_view behind) {
    const std::string_view whole = arena.copy(std::string(text).append(behind));
    return reader.read(whole.substr(0, text.size()), arena).error().what;
  };
  EXPECT_EQ(why("{\"a\":\"x\n\"}", ""),
            "JSON text, byte 5: a string that holds a control character");
  EXPECT_EQ(why(R"({"a":"\x"})", ""), "JSON text, byte 5: a string with a wrong escape");
  EXPECT_EQ(why(R"({"a":"x)", "\"}"), "JSON text, byte 5: a string without an end");
  EXPECT_EQ(why(R"({"a":"\u00)", "41\"}"), "JSON text, byte 5: a string without an end");
  EXPECT_EQ(why(R"({"a":1,"a)", "\":2}"), "JSON text, byte 9: it ends too early");
  EXPECT_EQ(why("{\"a\":\"\xC3\"}", ""), "the JSON text is not valid UTF-8");
  EXPECT_EQ(why("", "{}"), "the JSON text is empty");
}

TEST(JsonReader, bounds_depth_and_size) {
  const auto nested = [](size_t levels) {
    return R"({"a":)" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  Arena arena;
  JsonReader reader;
  EXPECT_TRUE(reader.read(arena.copy(nested(100)), arena));
  EXPECT_FALSE(reader.read(arena.copy(nested(101)), arena));
  EXPECT_FALSE(reader.read(arena.copy(nested(1'000'000)), arena));
  EXPECT_TRUE(is_valid_json(arena.copy(nested(1'000'000))));
  EXPECT_FALSE(reader.read(arena.copy(nested(20)), arena, {.bytes_max = 30}));
}

// The texts that grow the most. 357,000 times -0 become a little more than a power of two, to which
// the room for less growth would be rounded up.
TEST(JsonReader, dense_texts_come_back) {
  Arena arena;
  JsonReader reader;
  for (const auto& [value, count] :
       {std::pair{"-0", 10}, std::pair{"-0", 200}, std::pair{"-0", 357'000},
        std::pair{"0", 500'000}, std::pair{"[]", 350'000}, std::pair{"[-0]", 200'000},
        std::pair{"\"\"", 350'000}}) {
    std::string text = R"({"":[)";
    for (int i = 0; i < count; ++i) {
      text.append(value) += ',';
    }
    text.back() = ']';
    text += '}';
    const auto document = reader.read(arena.copy(text), arena);
    ASSERT_TRUE(document) << document.error().what;
    EXPECT_TRUE(check_bson(document->bytes()));
    std::string back;
    append_json(*document, back);
    EXPECT_TRUE(back == text) << value;
  }
}

TEST(JsonReader, deep_texts_come_back) {
  constexpr int kLevels = 1'000;
  for (const std::string open : {R"({"":)", R"({"\u0000":)"}) {
    std::string text;
    for (int i = 0; i < kLevels - 1; ++i) {
      text += open;
    }
    text += "{}" + std::string(kLevels - 1, '}');
    Arena arena;
    JsonReader reader;
    const auto document = reader.read(arena.copy(text), arena, {.depth_max = kLevels});
    ASSERT_TRUE(document) << document.error().what;
    EXPECT_FALSE(reader.read(arena.copy(text), arena, {.depth_max = kLevels - 1}));
  }
}

TEST(JsonReader, a_text_that_ends_too_early_is_rejected_whatever_is_behind_it) {
  Arena arena;
  JsonReader reader;
  const std::string_view whole = arena.copy(R"({"a":[1,-0,1.5,"x\n",true,false,null,{},[]],)"
                                            R"("a name that is long":{"b":123456789012345678},)"
                                            R"("\u0000":"x"})");
  ASSERT_TRUE(reader.read(whole, arena));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(reader.read(whole.substr(0, size), arena)) << whole.substr(0, size);
  }
}

TEST(JsonReader, an_object_of_many_names_is_read_in_linear_time) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) {
    text += "\"samename" + std::to_string(i) + "\":1,";
  }
  text.back() = '}';
  Arena arena;
  JsonReader reader;
  EXPECT_TRUE(reader.read(arena.copy(text), arena));
}

TEST(append_json, writes_the_types_that_json_lacks) {
  Arena arena;
  BsonWriter writer(arena);
  writer.date("date", 1706702400123);
  writer.date("early", -62167219200001);
  writer.binary("binary", "\x01\x02");
  writer.double_("double", 1);
  writer.double_("nan", std::numeric_limits<double>::quiet_NaN());
  writer.int64("int64", -5);
  writer.begin_array("array");
  writer.null("0");
  writer.boolean("1", false);
  writer.end();
  const Document document = writer.finish();
  EXPECT_TRUE(check_bson(document.bytes()));
  std::string text = "before ";
  append_json(document, text);
  EXPECT_EQ(text, R"(before {"date":"2024-01-31T12:00:00.123Z","early":"-62167219200001",)"
                  R"("binary":"AQI=","double":1.0,"nan":"NaN","int64":-5,"array":[null,false]})");
}

}  // namespace
}  // namespace penstock::doc
