#include "codecs/time_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace penstock::codecs {
namespace {

TEST(time_text, reads_what_rfc_3339_writes) {
  struct Case {
    std::string_view text;
    int64_t micros;
  };
  for (const auto& [text, micros] : {
           Case{"1970-01-01T00:00:00Z", 0},
           Case{"2024-01-31T12:00:00Z", 1'706'702'400'000'000},
           Case{"2024-01-31t13:00:00.5+01:00", 1'706'702'400'500'000},
           Case{"2024-01-31 11:30:00.1234567-00:30", 1'706'702'400'123'456},
           Case{"1969-12-31T23:59:59.999999Z", -1},
           Case{"0001-01-01T00:00:00Z", -62'135'596'800'000'000},
           Case{"-0001-12-31T23:59:59.999999Z", -62'167'219'200'000'001},
           Case{"010000-01-01T00:00:00Z", 253'402'300'800'000'000},
       }) {
    const auto parsed = timestamp_of(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->micros, micros) << text;
  }
}

TEST(time_text, reads_what_is_written_for_any_time) {
  for (const int64_t micros :
       {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::min() + 999'999,
        int64_t{-9'000'000'000'000'000'000}, int64_t{-86'400'000'001}, int64_t{-1}, int64_t{0},
        int64_t{9'000'000'000'000'000'001}, std::numeric_limits<int64_t>::max()}) {
    const auto parsed = timestamp_of(to_iso8601({micros}));
    ASSERT_TRUE(parsed) << to_iso8601({micros});
    EXPECT_EQ(parsed->micros, micros);
  }
}

TEST(time_text, rejects_the_rest) {
  for (const std::string_view text :
       {"", "2024", "2024-01-31", "2024-01-31T12:00:00", "2024-02-30T12:00:00Z",
        "2024-01-31T24:00:00Z", "2024-01-31T12:00:00.Z", "2024-01-31T12:00:00Zx",
        "2024-01-31T12:00:00+1:00", "2024-1-31T12:00:00Z", "x024-01-31T12:00:00Z",
        "999999-01-01T00:00:00Z", "-999999-01-01T00:00:00Z", "12024-01-31T12:00:00Z",
        "--001-01-31T12:00:00Z"}) {
    EXPECT_FALSE(timestamp_of(text)) << text;
  }
}

}  // namespace
}  // namespace penstock::codecs
