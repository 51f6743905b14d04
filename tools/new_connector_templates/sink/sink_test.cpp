#include "connectors/@name@/sink.h"

#include <gtest/gtest.h>

#include "testing/refusing_encoder.h"
#include "testing/test_context.h"

namespace penstock::@name@ {
namespace {

// What it does with its target stands in contract_fixture.cpp; here stands what is its own.
TEST(@Name@Sink, an_endpoint_that_is_no_url_is_found_when_it_is_made) {
  TestContext test;
  Context context = test.context();
  context.encoder = std::make_shared<RefusingEncoder>();
  const auto made = @Name@Sink::make({.endpoint = "nowhere"}, context);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, Error::Kind::fatal);
}

}  // namespace
}  // namespace penstock::@name@
