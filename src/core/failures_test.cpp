#include "core/failures.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

std::vector<Failure> naming(std::initializer_list<uint32_t> indexes) {
  std::vector<Failure> failures;
  for (const uint32_t index : indexes) {
    failures.push_back({index, Error{Error::Kind::transient, "busy", std::nullopt}});
  }
  return failures;
}

TEST(FlawOf, an_answer_may_name_each_event_once_in_any_order) {
  EXPECT_EQ(flaw_of({}, 0), std::nullopt);
  EXPECT_EQ(flaw_of({}, 3), std::nullopt);
  EXPECT_EQ(flaw_of(naming({2, 0, 1}), 3), std::nullopt);
}

TEST(FlawOf, it_says_which_event_is_named_twice) {
  EXPECT_EQ(flaw_of(naming({1, 0, 1}), 3),
            "its answer to a write of 3 events names event 1 twice: a fault of the connector");
}

TEST(FlawOf, it_says_which_event_was_not_written) {
  EXPECT_EQ(flaw_of(naming({3}), 3),
            "its answer to a write of 3 events names event 3 that is not in it: a fault of the "
            "connector");
}

}  // namespace
}  // namespace penstock
