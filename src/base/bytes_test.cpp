#include "base/bytes.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

std::string written() {
  std::string out;
  ByteWriter<uint32_t> writer(out);
  writer.number(uint8_t{7});
  writer.number(int64_t{-2});
  writer.bytes("abc");
  writer.bytes("");
  return out;
}

TEST(Bytes, come_back_as_they_were_written) {
  const std::string bytes = written();
  using namespace std::string_view_literals;
  EXPECT_EQ(bytes, "\x07\xfe\xff\xff\xff\xff\xff\xff\xff\x03\0\0\0abc\0\0\0\0"sv);
  ByteReader<uint32_t> reader(bytes);
  EXPECT_EQ(reader.number<uint8_t>(), 7);
  EXPECT_EQ(reader.number<int64_t>(), -2);
  EXPECT_EQ(reader.bytes(), "abc");
  EXPECT_EQ(reader.bytes(), "");
  EXPECT_EQ(reader.left(), 0u);
  EXPECT_FALSE(reader.failed());
}

TEST(Bytes, nothing_is_read_behind_the_end) {
  const std::string bytes = written();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    ByteReader<uint32_t> reader(cut);
    static_cast<void>(reader.number<uint8_t>());
    static_cast<void>(reader.number<int64_t>());
    static_cast<void>(reader.bytes());
    static_cast<void>(reader.bytes());
    EXPECT_TRUE(reader.failed()) << size;
    EXPECT_EQ(reader.number<uint64_t>(), 0u);
    EXPECT_EQ(reader.bytes(), "");
  }
  ByteReader<uint64_t> huge("\xff\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_EQ(huge.bytes(), "");
  EXPECT_TRUE(huge.failed());
}

TEST(Bytes, numbers_stand_where_they_are_put) {
  std::string bytes(6, '.');
  store_number(bytes, 2, uint16_t{0x3231});
  EXPECT_EQ(bytes, "..12..");
  EXPECT_EQ(load_number<uint16_t>(bytes, 2), 0x3231);
}

}  // namespace
}  // namespace penstock
