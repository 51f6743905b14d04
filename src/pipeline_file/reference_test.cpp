#include "pipeline_file/reference.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pipeline_file/test_registry.h"

namespace penstock::pipeline_file {
namespace {

TEST(Reference, the_page_names_everything_of_the_registry) {
  const std::string page = reference_page(test_registry());
  for (const std::string text :
       {"### `firehose` (source)", "### `files` (sink)", "### `parse` (transform)",
        "### `dynamodb` (format of a source)", "### `cloudevents` (format of a sink)",
        "### `sqlite` (checkpoint)", "### `files` (dead letters)", "| `in_flight_events` |",
        "| `batch.wait` |", "| `on_lost_position` |",
        "```yaml\nsinks:\n  - files:\n      path: ", "```yaml\nsource:\n  firehose: {}\n"}) {
    EXPECT_NE(page.find(text), std::string::npos) << text;
  }
}

TEST(Reference, one_name_is_explained_in_every_kind_that_has_it) {
  const auto files = reference_of(test_registry(), "files");
  ASSERT_TRUE(files);
  EXPECT_NE(files->find("(sink)"), std::string::npos);
  EXPECT_NE(files->find("(dead letters)"), std::string::npos);
  const auto unknown = reference_of(test_registry(), "flies");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().what.find("did you mean `files`?"), std::string::npos);
}

TEST(Reference, the_sections_of_a_file_are_explained_by_their_names) {
  for (const auto& [name, setting] : {std::pair{"limits", "`in_flight_events`"},
                                      {"until", "`deadline`"},
                                      {"every", "`time`"},
                                      {"source", "`on_lost_position`"},
                                      {"sinks", "`batch.wait`"},
                                      {"batch", "`wait`"},
                                      {"retry", "`attempts`"},
                                      {"tls", "`ca`"}}) {
    const auto text = reference_of(test_registry(), name);
    ASSERT_TRUE(text) << text.error().what;
    EXPECT_NE(text->find(setting), std::string::npos) << *text;
  }
}

TEST(Reference, a_source_is_offered_what_it_may_have) {
  const auto text = reference_of(test_registry(), "source");
  ASSERT_TRUE(text) << text.error().what;
  EXPECT_NE(text->find("`batch.events`"), std::string::npos) << *text;
  EXPECT_EQ(text->find("`batch.wait`"), std::string::npos) << *text;
  EXPECT_EQ(text->find("failed write"), std::string::npos) << *text;
}

TEST(Reference, the_schema_is_json_and_knows_the_components) {
  const auto schema = nlohmann::json::parse(json_schema(test_registry()));
  const auto& sink = schema["properties"]["sinks"]["items"];
  EXPECT_EQ(sink["additionalProperties"], false);
  EXPECT_TRUE(sink["properties"].contains("files"));
  EXPECT_TRUE(sink["properties"].contains("batch"));
  EXPECT_TRUE(sink["properties"].contains("enabled"));
  EXPECT_TRUE(sink["properties"]["format"]["anyOf"][1]["properties"].contains("cloudevents"));
  EXPECT_TRUE(schema["properties"]["source"]["properties"].contains("firehose"));
  EXPECT_TRUE(schema["properties"]["limits"]["properties"].contains("in_flight_bytes"));
}

}  // namespace
}  // namespace penstock::pipeline_file
