#include "doc/bson.h"

#include <gtest/gtest.h>

#include "doc/json.h"

namespace penstock::doc {
namespace {

std::string bytes_of(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) {
    text += static_cast<char>(byte);
  }
  return text;
}

TEST(BsonWriter, grows_and_shares_its_arena) {
  Arena arena;
  BsonWriter writer(arena, 16);
  writer.begin_document("outer");
  for (int i = 0; i < 100; ++i) {
    writer.string("name" + std::to_string(i), "value");
    arena.copy("somebody else's bytes");
  }
  writer.end();
  const Document document = writer.finish();
  const std::string_view other = arena.copy("behind");
  EXPECT_TRUE(check_bson(document.bytes()));
  EXPECT_EQ(find_path(document, "outer.name99")->as_string(), "value");
  EXPECT_EQ(other, "behind");
}

TEST(find_path, goes_through_documents_and_arrays) {
  Arena arena;
  JsonReader reader;
  const auto document = reader.read(arena.copy(R"({"a":{"b":[1,{"c":"x"}]},"d":1})"), arena);
  ASSERT_TRUE(document);
  EXPECT_EQ(find_path(*document, "a.b.1.c")->as_string(), "x");
  EXPECT_EQ(find_path(*document, "a.b.0")->as_int64(), 1);
  EXPECT_FALSE(find_path(*document, "a.b.2"));
  EXPECT_FALSE(find_path(*document, "d.x"));
  EXPECT_FALSE(find_path(*document, ""));
  EXPECT_FALSE(find(Document(), "a"));
}

TEST(append_text, writes_values_as_names_need_them) {
  Arena arena;
  JsonReader reader;
  const auto document = reader.read(
      arena.copy(R"({"s":"x\"y","i":-7,"d":1.50,"t":true,"n":null,"o":{"a":1},"l":[1,"x"]})"),
      arena);
  ASSERT_TRUE(document);
  std::string text;
  for (const Element& element : Elements(*document)) {
    append_text(element, text);
    text += '|';
  }
  EXPECT_EQ(text, R"(x"y|-7|1.50|true|null|{"a":1}|[1,"x"]|)");
}

struct BytesRow {
  const char* name;
  std::string bytes;
  bool is_valid = false;
};

class Bytes : public testing::TestWithParam<BytesRow> {};

TEST_P(Bytes, are_checked) {
  // On the heap in their exact size, so that a sanitizer sees what reads behind them.
  const std::vector<char> bytes(GetParam().bytes.begin(), GetParam().bytes.end());
  EXPECT_EQ(check_bson({bytes.data(), bytes.size()}).has_value(), GetParam().is_valid);
}

std::string in_document(const std::string& elements) {
  return bytes_of({static_cast<int>(elements.size() + 5), 0, 0, 0}) + elements + bytes_of({0});
}

INSTANTIATE_TEST_SUITE_P(
    bson, Bytes,
    testing::Values(
        BytesRow{"nothing", ""}, BytesRow{"empty", bytes_of({5, 0, 0, 0, 0}), true},
        BytesRow{"short_length", bytes_of({4, 0, 0, 0, 0})},
        BytesRow{"long_length", bytes_of({6, 0, 0, 0, 0})},
        BytesRow{"negative_length", bytes_of({0xFF, 0xFF, 0xFF, 0xFF, 0})},
        BytesRow{"bytes_behind", bytes_of({5, 0, 0, 0, 0, 0})},
        BytesRow{"null", in_document(bytes_of({10, 'a', 0})), true},
        BytesRow{"unknown_type", in_document(bytes_of({0x20, 'a', 0}))},
        BytesRow{"no_end_of_name", in_document(bytes_of({10, 'a'}))},
        BytesRow{"name_not_utf8", in_document(bytes_of({10, 0xFF, 0}))},
        BytesRow{"boolean_2", in_document(bytes_of({8, 'a', 0, 2}))},
        BytesRow{"short_int64", in_document(bytes_of({0x12, 'a', 0, 1, 0, 0}))},
        BytesRow{"text", in_document(bytes_of({2, 'a', 0, 2, 0, 0, 0, 'x', 0})), true},
        BytesRow{"text_of_length_0", in_document(bytes_of({2, 'a', 0, 0, 0, 0, 0, 0}))},
        BytesRow{"text_too_long", in_document(bytes_of({2, 'a', 0, 9, 0, 0, 0, 'x', 0}))},
        BytesRow{"text_without_nul", in_document(bytes_of({2, 'a', 0, 2, 0, 0, 0, 'x', 'y'}))},
        BytesRow{"text_not_utf8", in_document(bytes_of({2, 'a', 0, 2, 0, 0, 0, 0xFF, 0}))},
        BytesRow{"nested", in_document(bytes_of({3, 'a', 0}) + in_document("")), true},
        BytesRow{"nested_takes_the_end", bytes_of({13, 0, 0, 0, 3, 'a', 0, 6, 0, 0, 0, 0, 0})},
        BytesRow{"binary", in_document(bytes_of({5, 'a', 0, 1, 0, 0, 0, 0, 'x'})), true},
        BytesRow{"binary_too_long", in_document(bytes_of({5, 'a', 0, 9, 0, 0, 0, 0, 'x'}))},
        BytesRow{"old_binary_lies",
                 in_document(bytes_of({5, 'a', 0, 5, 0, 0, 0, 2, 9, 0, 0, 0, 1}))},
        BytesRow{"regex", in_document(bytes_of({11, 'a', 0, 'x', 0, 'i', 0})), true}),
    [](const auto& test) { return test.param.name; });

TEST(check_bson, bounds_depth) {
  std::string bytes = in_document("");
  for (int i = 0; i < 200; ++i) {
    const auto size = static_cast<uint32_t>(bytes.size() + 8);
    std::string outer(4, '\0');
    std::memcpy(outer.data(), &size, sizeof size);
    bytes = outer + bytes_of({3, 'a', 0}) + bytes + bytes_of({0});
  }
  EXPECT_FALSE(check_bson(bytes));
  EXPECT_TRUE(check_bson(bytes, 201));
}

}  // namespace
}  // namespace penstock::doc
