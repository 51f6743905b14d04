#include "pattern/pattern.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/decimal.h"
#include "doc/json.h"

namespace penstock {
namespace {

class PatternTest : public testing::Test {
 protected:
  PatternTest() {
    event.op = Op::update;
    event.stream = "shop.orders";
    event.at = {1'700'000'000'000'000};  // 2023-11-14T22:13:20Z
    event.key = document(R"({"_id":7})");
    event.after = document(
        R"({"status":"paid","total":10.50,"count":9007199254740993,"ok":true,"none":null,)"
        R"("tags":["a","b"],"lines":[{"sku":"x","n":1},{"sku":"y","n":2}],)"
        R"("inner":{"deep":{"v":1}},)"
        R"("empty":[],"big":1234567890123456789012345678901234,"small":1e-100,"text":"10.50"})");
    event.meta = document(R"({"region":"eu-west-1"})");
  }

  Document document(std::string_view json) {
    auto read = reader.read(arena.copy(json), arena);
    EXPECT_TRUE(read) << json << ": " << (read ? "" : read.error().what);
    return read.value_or(Document{});
  }
  bool matches(std::string_view json) {
    const auto pattern = Pattern::parse(json);
    EXPECT_TRUE(pattern) << json << ": " << (pattern ? "" : pattern.error().what);
    return pattern && pattern->matches(event);
  }

  Arena arena;
  doc::JsonReader reader;
  Event event;
};

const std::pair<std::string_view, bool> kPatterns[] = {
    // exact
    {R"({"op":["update"]})", true},
    {R"({"op":["insert","update"]})", true},
    {R"({"op":["insert"]})", false},
    {R"({"op":["update"],"stream":["other"]})", false},
    {R"({"stream":["shop.orders"]})", true},
    {R"({"key":{"_id":[7]}})", true},
    {R"({"key":{"_id":["7"]}})", false},
    {R"({"after":{"status":["paid"],"ok":[true],"none":[null]}})", true},
    {R"({"after":{"ok":[false]}})", false},
    {R"({"after":{"none":["null"]}})", false},
    {R"({"after":{"status":[null]}})", false},
    {R"({"after":{"absent":[null]}})", false},
    {R"({"after":{"inner":{"deep":{"v":[1]}}}})", true},
    {R"({"after":{"inner":{"deep":{"v":[2]}}}})", false},
    {R"({"after":{"inner":{"absent":{"v":[1]}}}})", false},
    {R"({"after":{"status":{"v":[1]}}})", false},
    {R"({"meta":{"region":["eu-west-1"]}})", true},
    // numbers are compared by their value, exactly
    {R"({"after":{"total":[10.5]}})", true},
    {R"({"after":{"total":[1.05e1]}})", true},
    {R"({"after":{"total":[10.500000000000000001]}})", false},
    {R"({"after":{"count":[9007199254740993]}})", true},
    {R"({"after":{"count":[9007199254740992]}})", false},
    {R"({"after":{"big":[1234567890123456789012345678901234]}})", true},
    {R"({"after":{"big":[1234567890123456789012345678901235]}})", false},
    {R"({"after":{"text":[10.50]}})", false},
    // prefix and suffix
    {R"({"stream":[{"prefix":"shop."}]})", true},
    {R"({"stream":[{"prefix":"shop.x"}]})", false},
    {R"({"after":{"status":[{"suffix":"id"}]}})", true},
    {R"({"after":{"count":[{"prefix":"9"}]}})", false},
    {R"({"at":[{"prefix":"2023-11-14T22"}]})", true},
    {R"({"at":[{"prefix":"2024"}]})", false},
    // anything-but
    {R"({"op":[{"anything-but":"insert"}]})", true},
    {R"({"op":[{"anything-but":["insert","update"]}]})", false},
    {R"({"op":[{"anything-but":{"prefix":"up"}}]})", false},
    {R"({"after":{"status":[{"anything-but":{"suffix":"x"}}]}})", true},
    {R"({"after":{"total":[{"anything-but":[10.5]}]}})", false},
    {R"({"after":{"total":[{"anything-but":[10.6]}]}})", true},
    {R"({"after":{"status":[{"anything-but":5}]}})", true},
    {R"({"after":{"absent":[{"anything-but":"x"}]}})", false},
    {R"({"after":{"inner":[{"anything-but":"x"}]}})", false},
    // numeric
    {R"({"after":{"total":[{"numeric":["=",10.50]}]}})", true},
    {R"({"after":{"total":[{"numeric":[">",10,"<=",10.5]}]}})", true},
    {R"({"after":{"total":[{"numeric":[">",10.5]}]}})", false},
    {R"({"after":{"total":[{"numeric":["<",10.5]}]}})", false},
    {R"({"after":{"count":[{"numeric":[">",9007199254740992]}]}})", true},
    {R"({"after":{"count":[{"numeric":["<",9007199254740994]}]}})", true},
    {R"({"after":{"small":[{"numeric":[">",0,"<",1e-99]}]}})", true},
    {R"({"after":{"small":[{"numeric":["<=",1e-101]}]}})", false},
    {R"({"after":{"text":[{"numeric":[">",0]}]}})", false},
    {R"({"after":{"absent":[{"numeric":[">",0]}]}})", false},
    // exists
    {R"({"after":{"status":[{"exists":true}]}})", true},
    {R"({"after":{"status":[{"exists":false}]}})", false},
    {R"({"after":{"none":[{"exists":true}]}})", true},
    {R"({"after":{"absent":[{"exists":false}]}})", true},
    {R"({"after":{"absent":[{"exists":true}]}})", false},
    {R"({"after":{"inner":[{"exists":true}]}})", true},
    {R"({"before":[{"exists":false}]})", true},
    {R"({"after":[{"exists":true}]})", true},
    {R"({"before":{"status":[{"exists":false}]}})", true},
    {R"({"before":{"a":{"b":[{"exists":false}]}}})", true},
    {R"({"after":{"status":["x",{"exists":true}]}})", true},
    // arrays
    {R"({"after":{"tags":["b"]}})", true},
    {R"({"after":{"tags":["c"]}})", false},
    {R"({"after":{"tags":[{"prefix":"a"}]}})", true},
    {R"({"after":{"lines":{"sku":["y"],"n":[2]}}})", true},
    {R"({"after":{"lines":{"sku":["y"],"n":[1]}}})", false},  // of one and the same item
    {R"({"after":{"empty":["a"]}})", false},
    // $or
    {R"({"$or":[{"op":["insert"]},{"stream":["shop.orders"]}]})", true},
    {R"({"$or":[{"op":["insert"]},{"stream":["x"]}]})", false},
    {R"({"op":["insert"],"$or":[{"stream":["shop.orders"]}]})", false},
    {R"({"after":{"$or":[{"status":["x"]},{"total":[{"numeric":[">",1]}]}]}})", true},
    {R"({"$or":[{"$or":[{"op":["update"]}]}]})", true},
};

TEST_F(PatternTest, patterns_match_as_eventbridge_does) {
  for (const auto& [json, expected] : kPatterns) {
    EXPECT_EQ(matches(json), expected) << json;
  }
}

struct Semantics {
  std::string_view after;    // the event's
  std::string_view pattern;  // of `after`
  bool expected;
};

// As event-ruler does it: an event is the list of its leaves; arrays, also nested ones, are left
// out of the paths; leaves that are met stand in the same items of arrays.
const Semantics kSemantics[] = {
    // one value, a list of them, a nested list, null, nothing
    {R"({"a":"x"})", R"({"a":["x"]})", true},
    {R"({"a":["y","x"]})", R"({"a":["x"]})", true},
    {R"({"a":[["y"],[["x"]]]})", R"({"a":["x"]})", true},
    {R"({"a":[]})", R"({"a":["x"]})", false},
    {R"({"a":null})", R"({"a":["x"]})", false},
    {R"({"a":[1,null]})", R"({"a":[null]})", true},
    {R"({"a":[]})", R"({"a":[null]})", false},
    {R"({})", R"({"a":[null]})", false},
    {R"({"a":{"b":"x"}})", R"({"a":["x"]})", false},
    {R"({"a":[{"b":"x"}]})", R"({"a":["x"]})", false},
    {R"({"a":[["xy"]]})", R"({"a":[{"prefix":"x"}]})", true},
    {R"({"a":[["xy"]]})", R"({"a":[{"prefix":"y"}]})", false},
    {R"({"a":null})", R"({"a":[{"prefix":"n"}]})", false},
    {R"({"a":[1,"xy"]})", R"({"a":[{"suffix":"y"}]})", true},
    {R"({"a":[]})", R"({"a":[{"suffix":"y"}]})", false},
    {R"({"a":[[1],[[20]]]})", R"({"a":[{"numeric":[">",10]}]})", true},
    {R"({"a":[1,20]})", R"({"a":[{"numeric":[">",5,"<",15]}]})", false},  // of one value
    {R"({"a":null})", R"({"a":[{"numeric":["=",0]}]})", false},
    {R"({"a":["x","y"]})", R"({"a":[{"anything-but":"x"}]})", true},  // one of them is not
    {R"({"a":["x",["x"]]})", R"({"a":[{"anything-but":"x"}]})", false},
    {R"({"a":[]})", R"({"a":[{"anything-but":"x"}]})", false},
    {R"({"a":null})", R"({"a":[{"anything-but":"x"}]})", true},
    {R"({"a":7})", R"({"a":[{"anything-but":["x","y"]}]})", true},
    {R"({"a":[{"b":1}]})", R"({"a":[{"anything-but":"x"}]})", false},
    // exists; beyond event-ruler an object exists (ADR 0012)
    {R"({"a":null})", R"({"a":[{"exists":true}]})", true},
    {R"({"a":null})", R"({"a":[{"exists":false}]})", false},
    {R"({"a":[]})", R"({"a":[{"exists":true}]})", false},
    {R"({"a":[[],[[]]]})", R"({"a":[{"exists":false}]})", true},
    {R"({"a":[[],[0]]})", R"({"a":[{"exists":true}]})", true},
    {R"({"a":[[],[0]]})", R"({"a":[{"exists":false}]})", false},
    {R"({"a":{}})", R"({"a":[{"exists":true}]})", true},
    {R"({"a":[{}]})", R"({"a":[{"exists":true}]})", true},
    {R"({"a":["y"]})", R"({"a":["x",{"exists":false}]})", false},
    {R"({"a":[]})", R"({"a":["x",{"exists":false}]})", true},
    // paths through arrays
    {R"({"a":[]})", R"({"a":{"b":[{"exists":false}]}})", true},
    {R"({"a":["x",1,null]})", R"({"a":{"b":[{"exists":false}]}})", true},
    {R"({"a":"x"})", R"({"a":{"b":[{"exists":false}]}})", true},
    {R"({"a":[{"c":1}]})", R"({"a":{"b":[{"exists":false}]}})", true},
    {R"({"a":[{"c":1},{"b":1}]})", R"({"a":{"b":[{"exists":false}]}})", false},
    {R"({"a":[{"b":1},{"c":1}]})", R"({"a":{"b":[{"exists":false}]}})", false},
    {R"({"a":[{"b":[]},{"c":1}]})", R"({"a":{"b":[{"exists":false}]}})", true},
    {R"({"a":[[{"b":1}]]})", R"({"a":{"b":[1]}})", true},
    {R"({"a":[[{"b":1}]]})", R"({"a":{"b":[{"exists":false}]}})", false},
    {R"({"a":[1,{"b":1}]})", R"({"a":{"b":[1]}})", true},
    {R"({"a":[{"b":{"c":[{"d":1}]}}]})", R"({"a":{"b":{"c":{"d":[1]}}}})", true},
    // in the same item
    {R"({"a":[{"b":1,"c":1},{"b":2,"c":2}]})", R"({"a":{"b":[1],"c":[1]}})", true},
    {R"({"a":[{"b":1,"c":1},{"b":2,"c":2}]})", R"({"a":{"b":[1],"c":[2]}})", false},
    {R"({"a":[[{"b":1}],[{"c":2}]]})", R"({"a":{"b":[1],"c":[2]}})", false},
    {R"({"a":[{"b":1},{"b":2,"c":2}]})", R"({"a":{"b":[1],"c":[{"exists":false}]}})", true},
    {R"({"a":[{"b":1},{"b":2,"c":2}]})", R"({"a":{"b":[2],"c":[{"exists":false}]}})", false},
    {R"({"a":[{"d":1},{"d":2}]})", R"({"a":{"b":[{"exists":false}],"c":[{"exists":false}]}})",
     true},
    {R"({"a":[{"b":1},{"c":2}]})", R"({"a":{"b":[{"exists":false}],"c":[{"exists":false}]}})",
     false},
    // $or
    {R"({"a":[{"b":1,"c":3}]})", R"({"a":{"b":[1],"$or":[{"c":[2]},{"c":[3]}]}})", true},
    {R"({"a":[{"b":1},{"c":3}]})", R"({"a":{"b":[1],"$or":[{"c":[2]},{"c":[3]}]}})", false},
    {R"({"a":[{"b":1},{"c":3}]})", R"({"a":{"$or":[{"b":[2]},{"c":[3]}]}})", true},
    {R"({"a":[]})", R"({"$or":[{"a":["x"]},{"b":[{"exists":false}]}]})", true},
    {R"({"a":[],"b":1})", R"({"$or":[{"a":["x"]},{"b":[{"exists":false}]}]})", false},
    {R"({"a":[{"b":1}]})", R"({"a":{"$or":[{"b":[2]},{"c":[{"exists":false}]}]}})", true},
    {R"({"a":[{"b":1},{"c":1}]})", R"({"a":{"$or":[{"b":[2]},{"c":[{"exists":false}]}]}})", false},
};

TEST_F(PatternTest, values_are_found_as_by_event_ruler) {
  for (const auto& [after, pattern, expected] : kSemantics) {
    event.after = document(after);
    EXPECT_EQ(matches(R"({"after":)" + std::string(pattern) + "}"), expected)
        << after << " and " << pattern;
  }
}

TEST_F(PatternTest, numbers_of_any_length_are_numbers) {
  const std::string digits = "12345678901234567890123456789012345678901234567890";
  event.after = document("{\"n\":" + digits + R"(,"list":["a",)" + digits +
                         R"(],"far":1e7000,"near":-1e-7000,"text":")" + digits + R"("})");
  const std::pair<std::string_view, bool> rows[] = {
      {R"({"n":[{"numeric":[">",5]}]})", true},
      {R"({"n":[{"numeric":["<",1234567890123456789012345678901235e16]}]})", true},
      {R"({"n":[{"numeric":["<=",1234567890123456789012345678901234e16]}]})", false},
      {R"({"n":[1234567890123456789012345678901234e16]})", false},
      {R"({"n":[{"prefix":"123"}]})", false},
      {R"({"n":[{"suffix":"890"}]})", false},
      {R"({"n":["12345678901234567890123456789012345678901234567890"]})", false},
      {R"({"n":[{"anything-but":{"prefix":"123"}}]})", true},
      {R"({"n":[{"exists":true}]})", true},
      {R"({"list":[{"numeric":[">",5]}]})", true},
      {R"({"list":[{"prefix":"123"}]})", false},
      {R"({"far":[{"numeric":[">",9.99e6144]}]})", true},
      {R"({"far":["1e7000"]})", false},
      {R"({"near":[{"numeric":["<",0,">",-1e-6000]}]})", true},
      {R"({"text":[{"prefix":"123"}]})", true},
      {R"({"text":[{"numeric":[">",5]}]})", false},
  };
  for (const auto& [pattern, expected] : rows) {
    EXPECT_EQ(matches(R"({"after":)" + std::string(pattern) + "}"), expected) << pattern;
  }
}

TEST_F(PatternTest, doubles_compare_by_their_shortest_text) {
  doc::BsonWriter writer(arena);
  writer.double_("tenth", 0.1);
  writer.double_("nan", std::numeric_limits<double>::quiet_NaN());
  writer.double_("huge", 1e308);
  event.after = writer.finish();
  EXPECT_TRUE(matches(R"({"after":{"tenth":[0.1]}})"));
  EXPECT_TRUE(matches(R"({"after":{"huge":[{"numeric":[">",1e307]}]}})"));
  EXPECT_FALSE(matches(R"({"after":{"nan":[{"numeric":[">",-1]}]}})"));
  EXPECT_TRUE(matches(R"({"after":{"nan":["NaN"]}})"));  // as JSON has it
}

TEST(Pattern, what_is_no_pattern_is_named) {
  std::string deep = R"({"after":)";
  for (int i = 0; i < 40; ++i) {
    deep += R"({"a":)";
  }
  deep += "[1]" + std::string(41, '}');
  const std::pair<std::string, std::string> rows[] = {
      {R"({"a")", "event pattern: "},
      {R"([])", "event pattern: "},
      {R"({})", "an empty object"},
      {R"({"after":{}})", "an empty object"},
      {R"({"op":["a"],"op":["b"]})", "event pattern: "},
      {R"({"detail":{"a":[1]}})", "events have no field `detail`; they have op, stream"},
      {R"({"op":"insert"})", "`op` takes a list, as {\"op\": [value]}"},
      {R"({"op":[]})", "`op` has an empty list"},
      {R"({"op":[["a"]]})", "a list in a list"},
      {R"({"op":[{}]})", "each {…} in its list holds one operator"},
      {R"({"op":[{"prefix":"a","suffix":"b"}]})", "each {…} in its list holds one operator"},
      {R"({"op":[{"wildcard":"a*"}]})", "the operator `wildcard` is not in this build"},
      {R"({"op":[{"cidr":"10.0.0.0/8"}]})", "the operator `cidr` is not in this build"},
      {R"({"op":[{"equals-ignore-case":"A"}]})",
       "the operator `equals-ignore-case` is not in this build"},
      {R"({"op":[{"regex":"a"}]})", "unknown operator `regex`; known: prefix"},
      {R"({"op":[{"prefix":1}]})", "`prefix` takes a text"},
      {R"({"op":[{"exists":"true"}]})", "`exists` takes true or false"},
      {R"({"op":[{"numeric":[]}]})", "`numeric` takes a list like"},
      {R"({"op":[{"numeric":[">"]}]})", "`numeric` takes a list like"},
      {R"({"op":[{"numeric":["~",1]}]})", "comparisons are = < <= > >="},
      {R"({"op":[{"numeric":[">","1"]}]})", "a number of at most 34 digits"},
      {R"({"op":[{"anything-but":[]}]})", "at least one value"},
      {R"({"op":[{"anything-but":{"wildcard":"*"}}]})", "is not in this build"},
      {R"({"op":[{"anything-but":[{"prefix":"a"}]}]})", "a list of plain values"},
      {R"({"$or":{}})", "`$or` takes a list of patterns"},
      {R"({"$or":[]})", "`$or` takes a list of patterns"},
      {R"({"$or":[1]})", "`$or` takes a list of patterns"},
      {deep, "event pattern: "},
      {std::string(100'000, ' '), "more than 65536 bytes"},
  };
  for (const auto& [json, error] : rows) {
    const auto pattern = Pattern::parse(json);
    ASSERT_FALSE(pattern) << json;
    EXPECT_EQ(pattern.error().kind, Error::Kind::fatal);
    EXPECT_NE(pattern.error().what.find(error), std::string::npos)
        << json << ": " << pattern.error().what;
  }
}

TEST(Decimal, texts_are_ordered_by_value) {
  // Ascending; what stands in one row is equal.
  const std::vector<std::vector<std::string>> rows = {
      {"-1e400"},
      {"-12", "-1.2e1", "-12.000"},
      {"-0.001", "-1e-3"},
      {"0", "-0", "0.000", "0e99"},
      {"1e-400"},
      {"0.1", "1e-1", "0.10"},
      {"0.11"},
      {"9007199254740992", "9007199254740992.0"},
      {"9007199254740993"},
      {"1e20", "100000000000000000000", "10E+19"},
      {"100000000000000000000.1"},
      {"1" + std::string(99, '0'), "+1e99", "001.e99", ".1e100"},
      {"1" + std::string(98, '0') + "1"},
      {"1e400"},
      {"1e7000"},
      {"1e99999999999999999999", "1e999999999999999999999"},  // no more is told apart
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < rows.size(); ++j) {
      for (const std::string& a : rows[i]) {
        for (const std::string& b : rows[j]) {
          EXPECT_EQ(*Decimal::parse(a) <=> *Decimal::parse(b), i <=> j) << a << " and " << b;
        }
      }
    }
  }
}

TEST(Decimal, what_is_no_number_is_none) {
  for (const std::string_view text : {"", "-", ".", "-.", "1.2.3", "e5", ".e5", "1e", "1e+-5", "1x",
                                      "NaN", "Infinity", "0x10", " 1", "1 "}) {
    EXPECT_FALSE(Decimal::parse(text)) << text;
  }
}

}  // namespace
}  // namespace penstock
