#include "connectors/@name@/source.h"

#include <gtest/gtest.h>

namespace penstock::@name@ {
namespace {

// What it does with its service stands in contract_fixture.cpp; here stands what is its own.
TEST(@Name@Source, a_position_is_read_as_it_was_written) {
  const auto position = decode_position(encode({.identity = "a/b", .next = 17}));
  ASSERT_TRUE(position) << position.error().what;
  EXPECT_EQ(position->identity, "a/b");
  EXPECT_EQ(position->next, 17U);
}

}  // namespace
}  // namespace penstock::@name@
