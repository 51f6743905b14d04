#include "pipeline_file/refreshing_sink.h"

#include <gtest/gtest.h>

namespace penstock::pipeline_file {
namespace {

// Takes the events whose id begins with its letter, rejects "bad", and is refused with the others.
class Letter final : public Sink {
 public:
  explicit Letter(char letter) : letter_(letter) {}
  SinkTraits traits() const override { return {}; }
  Result<> open(const Resume& resume, Stop) override {
    return resume.sink == "out" ? Result<>{} : fatal("opened as another");
  }
  Result<std::vector<Failure>> write(const Batch& batch, Stop) override {
    std::vector<Failure> failures;
    for (uint32_t i = 0; i < batch.events.size(); ++i) {
      if (batch.events[i]->id == "bad") {
        failures.push_back({i, {Error::Kind::rejected, "bad", std::nullopt}});
      } else if (letter_ == 'b' && batch.events[i]->id == "b-down") {
        return transient("no answer");
      } else if (batch.events[i]->id.front() != letter_) {
        failures.push_back({i, {Error::Kind::fatal, "401", std::nullopt}});
      }
    }
    return failures;
  }

 private:
  char letter_;
};

struct RefreshingSinkTest : testing::Test {
  std::vector<Failure> write(std::vector<std::string_view> ids) {
    std::vector<Event> events(ids.size());
    Batch batch;
    for (size_t i = 0; i < ids.size(); ++i) {
      events[i].id = ids[i];
      batch.events.push_back(&events[i]);
    }
    return sink.write(batch, {}).value();
  }

  char now = 'a';  // what a sink with the values of now takes
  char made = 'a';
  int remade = 0;
  RefreshingSink sink{std::make_unique<Letter>('a'), [this]() -> Result<std::unique_ptr<Sink>> {
                        ++remade;
                        if (std::exchange(made, now) == now) {
                          return nullptr;
                        }
                        return std::make_unique<Letter>(now);
                      }};
};

TEST_F(RefreshingSinkTest, what_is_refused_is_sent_again_with_new_values_and_nothing_else) {
  ASSERT_TRUE(sink.open({.pipeline = "p", .sink = "out"}, {}));
  EXPECT_TRUE(write({"a1"}).empty());
  EXPECT_EQ(remade, 0);
  now = 'b';
  const auto failures = write({"a2", "bad", "b1", "c1"});
  EXPECT_EQ(remade, 1);
  ASSERT_EQ(failures.size(), 2U);
  EXPECT_EQ(failures[0].index, 1U);
  EXPECT_EQ(failures[0].error.kind, Error::Kind::rejected);
  EXPECT_EQ(failures[1].index, 3U);
  EXPECT_EQ(failures[1].error.kind, Error::Kind::fatal);
  EXPECT_TRUE(write({"b2"}).empty());
}

TEST_F(RefreshingSinkTest, where_sending_again_fails_what_was_durable_stays_so) {
  ASSERT_TRUE(sink.open({.pipeline = "p", .sink = "out"}, {}));
  now = 'b';
  const auto failures = write({"a1", "b1", "b-down"});
  ASSERT_EQ(failures.size(), 2U);
  EXPECT_EQ(failures[0].index, 1U);
  EXPECT_EQ(failures[0].error.kind, Error::Kind::transient);
  EXPECT_EQ(failures[1].index, 2U);
  EXPECT_EQ(failures[1].error.kind, Error::Kind::transient);
}

TEST_F(RefreshingSinkTest, without_new_values_the_refusal_stands) {
  ASSERT_TRUE(sink.open({.pipeline = "p", .sink = "out"}, {}));
  const auto failures = write({"b1"});
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].error.kind, Error::Kind::fatal);
  EXPECT_EQ(remade, 1);
}

}  // namespace
}  // namespace penstock::pipeline_file
