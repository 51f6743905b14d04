#include "connectors/generate/generate_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "testing/fake_clock.h"

namespace penstock {
namespace {

std::vector<std::string> read_all(GenerateSource& source, std::optional<Position>& position,
                                  ReadLimits limits) {
  std::vector<std::string> found;
  auto reader = source.open({"generate"}, position, {}, {});
  EXPECT_TRUE(reader);
  EventBlock block;
  auto read = (*reader)->read(block, limits, {});
  EXPECT_TRUE(read);
  position = read->position;
  for (const Event& event : block.events) {
    found.emplace_back(event.raw);
  }
  return found;
}

TEST(generate, a_restart_goes_on_where_the_position_points) {
  FakeClock clock;
  GenerateSource source({.count = 5}, clock);
  std::optional<Position> position;
  const auto whole = read_all(source, position, {});
  ASSERT_EQ(whole.size(), 5U);
  position.reset();
  auto parts = read_all(source, position, {.events = 2});
  const auto rest = read_all(source, position, {});
  parts.insert(parts.end(), rest.begin(), rest.end());
  EXPECT_EQ(parts, whole);
  EXPECT_EQ(std::set<std::string>(whole.begin(), whole.end()).size(), 5U);
}

TEST(generate, the_position_before_a_record_gives_that_record_first) {
  FakeClock clock;
  GenerateSource source({.count = 5}, clock);
  auto reader = source.open({"generate"}, std::nullopt, {}, {});
  EventBlock block;
  const auto read = (*reader)->read(block, {}, {});
  ASSERT_TRUE(read);
  ASSERT_EQ(block.events.size(), 5U);
  for (const Event& event : block.events) {
    for (const char* copy : {"", "00000001"}) {
      auto before = source.position_before(read->position, std::string(event.order) + copy);
      ASSERT_TRUE(before);
      EXPECT_EQ(read_all(source, before, {.events = 1}), std::vector{std::string(event.raw)});
    }
  }
  GenerateSource other({.count = 5, .seed = 2}, clock);
  EXPECT_FALSE(other.position_before(read->position, block.events[0].order));
  EXPECT_FALSE(source.position_before(read->position, "short"));
}

TEST(generate, a_rate_gives_what_is_due) {
  FakeClock clock;
  GenerateSource source({.rate = 10}, clock);
  auto reader = source.open({"generate"}, std::nullopt, {}, {});
  const auto count = [&] {
    EventBlock block;
    EXPECT_TRUE((*reader)->read(block, {}, {}));
    return block.events.size();
  };
  EXPECT_EQ(count(), 1U);
  EXPECT_EQ(count(), 0U);
  clock.advance(1s);
  EXPECT_EQ(count(), 10U);
}

TEST(generate, another_seed_makes_other_records) {
  std::string one;
  std::string two;
  append_generated_record(1, 7, one);
  append_generated_record(2, 7, two);
  EXPECT_NE(one, two);
  EXPECT_GT(one.size(), 200U);
  EXPECT_LT(one.size(), 400U);
}

// A lake tells by the orders what it holds already.
TEST(generate, records_of_another_seed_have_other_orders) {
  FakeClock clock;
  const auto orders_of = [&](int64_t seed) {
    GenerateSource source({.count = 3, .seed = seed}, clock);
    auto reader = source.open({"generate"}, std::nullopt, {}, {});
    EventBlock block;
    EXPECT_TRUE((*reader)->read(block, {}, {}));
    std::vector<std::string> orders;
    for (const Event& event : block.events) {
      orders.emplace_back(event.order);
    }
    EXPECT_TRUE(std::ranges::is_sorted(orders));
    EXPECT_EQ(orders.front().substr(0, source.traits().generation_bytes),
              orders.back().substr(0, source.traits().generation_bytes));
    return orders;
  };
  EXPECT_EQ(orders_of(1), orders_of(1));
  for (const int64_t seed : {2, 0, -1}) {
    EXPECT_TRUE(orders_of(1).front() > orders_of(seed).back() ||
                orders_of(1).back() < orders_of(seed).front());
  }
}

TEST(generate, the_same_seed_makes_the_same_records_wherever_it_is_built) {
  std::string record;
  append_generated_record(7, 0, record);
  EXPECT_EQ(record,
            R"({"id":"c584133ac916ab3c","device":"sensor-03299","sequence":0,"temperature":1.26,)"
            R"("active":false,"total":40004035500587689,"note":"fjord harbor café cedar",)"
            R"("location":{"lat":28.117092,"lon":124.461484},"firmware":"v2.18.79",)"
            R"("tags":["café","grove"],"trace":"54496ad67bd2634cdd7c01d4f5407269"})");
}

TEST(generate, an_unreadable_position_is_lost) {
  FakeClock clock;
  GenerateSource source({}, clock);
  for (const char* text : {"", "1 ", "2 5", "1 x", "1 5x", "1 -1", "1 99999999999999999999"}) {
    const auto opened = source.open({"generate"}, Position(text), {}, {});
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().kind, Error::Kind::lost_position);
  }
}

}  // namespace
}  // namespace penstock
