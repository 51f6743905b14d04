#include "doc/dynamodb_json.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "doc/bson.h"

namespace penstock::doc {
namespace {

struct ItemRow {
  const char* name;
  std::string item;
  std::string plain;      // as append_json writes it; "" when the item is rejected
  std::string back = {};  // as append_dynamodb_json writes it; "": the item itself
};

class Items : public testing::TestWithParam<ItemRow> {};

TEST_P(Items, are_read_and_written) {
  const ItemRow& row = GetParam();
  Arena arena;
  DynamoDbReader reader;
  const auto item = reader.read_item(arena.copy(row.item), arena);
  if (row.plain.empty()) {
    ASSERT_FALSE(item) << row.item;
    EXPECT_EQ(item.error().kind, Error::Kind::rejected);
    return;
  }
  ASSERT_TRUE(item) << item.error().what;
  EXPECT_TRUE(check_bson(item->bytes()));
  std::string plain;
  append_json(*item, plain);
  EXPECT_EQ(plain, row.plain);
  std::string back;
  append_dynamodb_json(*item, back);
  EXPECT_EQ(back, row.back.empty() ? row.item : row.back);
}

const std::string k50Digits(50, '7');

INSTANTIATE_TEST_SUITE_P(
    dynamodb, Items,
    testing::Values(
        ItemRow{"empty", R"({})", R"({})"},
        ItemRow{"text", R"({"a":{"S":"x\"\\\n\u0001é😀"}})", R"({"a":"x\"\\\n\u0001é😀"})"},
        ItemRow{"escapes", R"({"a":{"S":"\u00e9\ud83d\ude00\/"}})", R"({"a":"é😀/"})",
                R"({"a":{"S":"é😀/"}})"},
        ItemRow{"empty_text", R"({"a":{"S":""}})", R"({"a":""})"},
        ItemRow{"nul_in_text", R"({"a":{"S":"x\u0000y"}})", R"({"a":"x\u0000y"})"},
        ItemRow{"int32", R"({"a":{"N":"-2147483648"}})", R"({"a":-2147483648})"},
        ItemRow{"int64", R"({"a":{"N":"9223372036854775807"}})", R"({"a":9223372036854775807})"},
        ItemRow{"beyond_int64", R"({"a":{"N":"9223372036854775808"}})",
                R"({"a":9223372036854775808})"},
        ItemRow{"decimal", R"({"a":{"N":"-27.67"}})", R"({"a":-27.67})"},
        ItemRow{"exponent", R"({"a":{"N":"1.5E+100"}})", R"({"a":1.5E+100})"},
        ItemRow{"leading_zeros", R"({"a":{"N":"+007"}})", R"({"a":7})", R"({"a":{"N":"7"}})"},
        ItemRow{"digits_38", R"({"a":{"N":"12345678901234567890123456789012345678"}})",
                R"({"a":12345678901234567890123456789012345678})"},
        ItemRow{"digits_50", R"({"a":{"N":")" + k50Digits + R"("}})", R"({"a":)" + k50Digits + "}"},
        ItemRow{"binary", R"({"a":{"B":"AAEC/w=="}})", R"({"a":"AAEC/w=="})"},
        ItemRow{"empty_binary", R"({"a":{"B":""}})", R"({"a":""})"},
        ItemRow{"booleans", R"({"a":{"BOOL":true},"b":{"BOOL":false}})", R"({"a":true,"b":false})"},
        ItemRow{"null", R"({"a":{"NULL":true}})", R"({"a":null})"},
        ItemRow{"nested", R"({"a":{"M":{"b":{"L":[{"N":"1"},{"M":{}},{"L":[]}]}}}})",
                R"({"a":{"b":[1,{},[]]}})"},
        ItemRow{"sets", R"({"a":{"SS":["x","y"]},"b":{"NS":["1","1.50"]},"c":{"BS":["AA=="]}})",
                R"({"a":["x","y"],"b":[1,1.50],"c":["AA=="]})"},
        ItemRow{"set_in_map", R"({"a/~":{"M":{"b":{"L":[{"SS":["x"]},{"L":[{"S":"x"}]}]}}}})",
                R"({"a/~":{"b":[["x"],["x"]]}})"},
        ItemRow{"long_number_in_set", R"({"a":{"NS":["1",")" + k50Digits + R"("]}})",
                R"({"a":[1,)" + k50Digits + "]}"},
        ItemRow{"nul_in_name", R"({"x\u0000y":{"NS":["1"]}})", R"({"x\u0000y":[1]})"},
        ItemRow{"white_space", " { \"a\" : { \"S\" : \"x\" } , \"b\" : { \"L\" : [ ] } }\n",
                R"({"a":"x","b":[]})", R"({"a":{"S":"x"},"b":{"L":[]}})"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    wrong, Items,
    testing::Values(
        ItemRow{"nothing", "", ""}, ItemRow{"truncated", R"({"a":{"S":"x"})", ""},
        ItemRow{"no_object", R"([])", ""}, ItemRow{"unknown_type", R"({"a":{"X":"x"}})", ""},
        ItemRow{"unknown_long_type", R"({"a":{"SSS":["x"]}})", ""},
        ItemRow{"several_types", R"({"a":{"S":"x","N":"1"}})", ""},
        ItemRow{"no_type", R"({"a":{}})", ""}, ItemRow{"plain_value", R"({"a":"x"})", ""},
        ItemRow{"number_as_number", R"({"a":{"N":1}})", ""},
        ItemRow{"no_number", R"({"a":{"N":"1x"}})", ""}, ItemRow{"nan", R"({"a":{"N":"NaN"}})", ""},
        ItemRow{"text_of_wrong_kind", R"({"a":{"S":1}})", ""},
        ItemRow{"null_false", R"({"a":{"NULL":false}})", ""},
        ItemRow{"bool_as_text", R"({"a":{"BOOL":"true"}})", ""},
        ItemRow{"list_as_map", R"({"a":{"L":{}}})", ""},
        ItemRow{"map_as_list", R"({"a":{"M":[]}})", ""},
        ItemRow{"repeated_name", R"({"a":{"S":"x"},"a":{"S":"y"}})", ""},
        ItemRow{"repeated_escaped_name", R"({"a":{"S":"x"},"\u0061":{"S":"y"}})", ""},
        ItemRow{"comma_at_end", R"({"a":{"S":"x"},})", ""},
        ItemRow{"comma_at_end_of_list", R"({"a":{"L":[{"S":"x"},]}})", ""},
        ItemRow{"comma_at_end_of_set", R"({"a":{"SS":["x",]}})", ""},
        ItemRow{"comma_at_start", R"({"a":{"L":[,{"S":"x"}]}})", ""},
        ItemRow{"something_behind", R"({} {})", ""},
        ItemRow{"wrong_base64", R"({"a":{"B":"A"}})", ""},
        ItemRow{"wrong_escape", R"({"a":{"S":"\x"}})", ""},
        ItemRow{"half_surrogate", R"({"a":{"S":"\ud83d"}})", ""},
        ItemRow{"control_character", "{\"a\":{\"S\":\"\x01\"}}", ""},
        ItemRow{"no_utf8", "{\"a\":{\"S\":\"\xFF\"}}", ""}),
    [](const auto& test) { return test.param.name; });

std::string file_text(const std::string& name) {
  std::ifstream file(std::string(PENSTOCK_SOURCE_DIR) + "/src/doc/testdata/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(DynamoDbReader, vector_becomes_the_expected_document) {
  Arena arena;
  DynamoDbReader items;
  JsonReader plain;
  const auto item = items.read_item(arena.copy(file_text("dynamodb-item.json")), arena);
  ASSERT_TRUE(item) << item.error().what;
  const auto expected = plain.read(arena.copy(file_text("dynamodb-item.expected.json")), arena);
  ASSERT_TRUE(expected) << expected.error().what;
  EXPECT_EQ(item->bytes(), expected->bytes());
}

TEST(DynamoDbReader, a_change_record_is_read_in_one_pass) {
  Arena arena;
  DynamoDbReader reader;
  const auto record = reader.read_change(
      arena.copy(
          R"({"awsRegion":"us-east-1","eventID":"id-1","eventName":"MODIFY","userIdentity":)"
          R"({"type":"Service","principalId":"dynamodb.amazonaws.com"},"recordFormat":)"
          R"("application/json","tableName":"t\u00e9","dynamodb":{"ApproximateCreationDateTime":)"
          R"(1700000000000,"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":)"
          R"({"k":{"S":"1"}},"NewImage":{"k":{"S":"1"},"n":{"N":"2"}},"OldImage":null,)"
          R"("SizeBytes":12},"eventSource":"aws:dynamodb"})"),
      arena);
  ASSERT_TRUE(record) << record.error().what;
  EXPECT_EQ(record->event_id, "id-1");
  EXPECT_EQ(record->event_name, "MODIFY");
  EXPECT_EQ(record->table, "té");
  EXPECT_EQ(record->region, "us-east-1");
  EXPECT_EQ(record->created, 1700000000000);
  EXPECT_TRUE(record->created_in_micros);
  EXPECT_TRUE(record->is_ttl_delete);
  EXPECT_FALSE(record->old_image.present());
  std::string text;
  append_json(record->keys, text);
  append_json(record->new_image, text);
  EXPECT_EQ(text, R"({"k":"1"}{"k":"1","n":2})");
}

TEST(DynamoDbReader, a_change_record_that_repeats_a_name_anywhere_is_rejected) {
  for (const char* const text : {
           R"({"eventID":"a","eventID":"b"})",
           R"({"x":1,"x":2})",
           R"({"x":{"y":1,"y":2}})",
           R"({"x":[{"y":1,"y":2}]})",
           R"({"dynamodb":{"Keys":{},"Keys":{}}})",
           R"({"dynamodb":{"Keys":{"a":{"S":""},"a":{"S":""}}}})",
       }) {
    Arena arena;
    DynamoDbReader reader;
    EXPECT_FALSE(reader.read_change(arena.copy(text), arena)) << text;
  }
}

TEST(DynamoDbReader, names_of_an_envelope_are_what_their_escapes_stand_for) {
  Arena arena;
  DynamoDbReader reader;
  const auto record = reader.read_change(
      arena.copy(R"({"event":"1","eventNam":"2","eventNames":"3","eventName\u0000":"4",)"
                 R"("event\u004eame" : "INSERT","\u0065ventID":"id-1","eventID\"":"5","":"6",)"
                 R"("dynamodb" :{"Keyss":1,"Ke\u0079s":{"k":{"S":"1"}},"Key":{},)"
                 R"("ApproximateCreationDateTimePrecisions":"MICROSECOND"}})"),
      arena);
  ASSERT_TRUE(record) << record.error().what;
  EXPECT_EQ(record->event_name, "INSERT");
  EXPECT_EQ(record->event_id, "id-1");
  EXPECT_TRUE(record->keys.present());
  EXPECT_FALSE(record->created_in_micros);
  for (const char* const repeated : {
           R"({"eventName":"a","event\u004eame":"b"})",
           R"({"event\u004eame":"a","eventName":"b"})",
           R"({"\u0065ventName":"a","event\u004eame":"b"})",
           R"({"eventNames":"a","event\u004eames":"b"})",
       }) {
    EXPECT_FALSE(reader.read_change(arena.copy(repeated), arena)) << repeated;
  }
}

// What is behind the text may go on as if the text did.
TEST(DynamoDbReader, a_text_that_ends_too_early_is_rejected_whatever_is_behind_it) {
  Arena arena;
  DynamoDbReader reader;
  const std::string item =
      R"({"s":{"S":"x\n"},"n":{"N":"-1.5"},"b":{"B":"AA=="},"t":{"BOOL":true},)"
      R"("z":{"NULL":true},"l":{"L":[{"M":{}}]},"ss":{"SS":["x","y"]},)"
      R"("ns":{"NS":["1","2"]},"bs":{"BS":["AA==","AA=="]}})";
  const std::string_view record = arena.copy(
      R"({"eventID":"id-1","event\u004eame":"MODIFY","userIdentity":{"type":"Service"},"x":[1],)"
      R"("dynamodb":{"ApproximateCreationDateTime":17,"Keys":)" +
      item + R"(,"OldImage":null},"tableName":"t"})");
  ASSERT_TRUE(reader.read_change(record, arena));
  for (size_t size = 0; size < record.size(); ++size) {
    EXPECT_FALSE(reader.read_change(record.substr(0, size), arena)) << record.substr(0, size);
  }
  const std::string_view whole = arena.copy(item);
  ASSERT_TRUE(reader.read_item(whole, arena));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(reader.read_item(whole.substr(0, size), arena)) << whole.substr(0, size);
  }
}

TEST(DynamoDbReader, sets_of_the_shortest_values_come_back) {
  for (const char* const value : {R"("-0")", R"("0")"}) {
    std::string text = R"({"":{"NS":[)";
    for (int i = 0; i < 100'000; ++i) {
      text.append(value) += ',';
    }
    text.back() = ']';
    text += "}}";
    Arena arena;
    DynamoDbReader reader;
    const auto item = reader.read_item(arena.copy(text), arena);
    ASSERT_TRUE(item) << item.error().what;
    EXPECT_TRUE(check_bson(item->bytes()));
    std::string back;
    append_dynamodb_json(*item, back);
    EXPECT_TRUE(back == text) << value;
  }
}

TEST(DynamoDbReader, numbers_that_do_not_fit_go_by_the_policy) {
  Arena arena;
  DynamoDbReader reader;
  const std::string_view text = arena.copy(R"({"a":{"N":")" + k50Digits + R"("}})");
  const auto as_text = reader.read_item(text, arena, {.numbers = Numbers::string});
  ASSERT_TRUE(as_text);
  EXPECT_EQ(find(*as_text, "a")->as_string(), k50Digits);
  const auto as_double = reader.read_item(text, arena, {.numbers = Numbers::double_});
  ASSERT_TRUE(as_double);
  EXPECT_EQ(find(*as_double, "a")->as_double(), 7.7777777777777777e49);
  std::string back;
  append_dynamodb_json(*as_double, back);
  EXPECT_EQ(back, text);
  EXPECT_FALSE(reader.read_item(text, arena, {.numbers = Numbers::error}));
}

TEST(DynamoDbReader, what_is_skipped_has_no_losses) {
  std::string text = R"({"unknown":{")" + std::string(80'000, 'n') + "\":[";
  for (int i = 0; i < 2'000; ++i) {
    text += "1e7000,";
  }
  text += R"(1]},"dynamodb":{"Keys":{"k":{"NS":["1"]}}}})";
  Arena arena;
  DynamoDbReader reader;
  const auto record = reader.read_change(arena.copy(text), arena);
  ASSERT_TRUE(record) << record.error().what;
  EXPECT_EQ(record->keys.losses().size(), 1U);
}

TEST(DynamoDbReader, depth_and_size_are_bounded) {
  const auto nested = [](int levels) {
    std::string text = "{\"a\":";
    for (int i = 1; i < levels; ++i) {
      text += "{\"L\":[";
    }
    text += "{\"N\":\"1\"}";
    for (int i = 1; i < levels; ++i) {
      text += "]}";
    }
    return text + "}";
  };
  Arena arena;
  DynamoDbReader reader;
  EXPECT_TRUE(reader.read_item(arena.copy(nested(100)), arena));
  EXPECT_FALSE(reader.read_item(arena.copy(nested(101)), arena));
  EXPECT_FALSE(reader.read_item(arena.copy(nested(100'000)), arena));
  EXPECT_FALSE(reader.read_item(arena.copy(nested(10)), arena, {.bytes_max = 20}));
}

}  // namespace
}  // namespace penstock::doc
