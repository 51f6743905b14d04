#include "config/describe.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace penstock::config {
namespace {

struct Tls : FieldGroup {
  std::string ca;
  void fields(FieldVisitor& v) override {
    v.field("ca", ca, {.doc = "Authority.", .required = true});
  }
};

struct Settings {
  std::string path;
  std::string mode = "a";
  std::string password = "never";
  Duration wait = 5s;
  ByteSize size{4096};
  std::optional<int64_t> attempts;
  Tls tls;
  void fields(FieldVisitor& v) {
    v.field("path", path, {.doc = "Where | what.", .required = true});
    v.field("mode", mode, {.doc = "How.", .choices = {"a", "b"}});
    v.field("password", password, {.doc = "Word.", .secret = true});
    v.field("wait", wait, {.doc = "How long."});
    v.field("size", size, {.doc = "How much."});
    v.field("attempts", attempts, {.doc = "How often."});
    v.field("tls", tls, {.doc = "TLS."});
  }
};

const Fields kFields = [](FieldVisitor& v) { Settings{}.fields(v); };

TEST(Describe, a_table_has_a_row_for_each_field) {
  EXPECT_EQ(markdown_table(kFields),
            "| setting | type | default | meaning |\n"
            "|---|---|---|---|\n"
            "| `path` | text | required | Where \\| what. |\n"
            "| `mode` | choice | `a` | How. One of `a`, `b`. |\n"
            "| `password` | text |  | Word. Secret: never shown. |\n"
            "| `wait` | duration | `5s` | How long. |\n"
            "| `size` | size | `4KiB` | How much. |\n"
            "| `attempts` | whole number |  | How often. |\n"
            "| `tls` | map |  | TLS. |\n"
            "| `tls.ca` | text | required | Authority. |\n");
  EXPECT_EQ(markdown_table([](FieldVisitor&) {}), "It takes no settings.\n");
}

TEST(Describe, the_schema_is_json_and_closed) {
  const auto schema = nlohmann::json::parse(json_schema(kFields));
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], nlohmann::json::parse(R"(["path"])"));
  EXPECT_EQ(schema["properties"]["mode"]["enum"], nlohmann::json::parse(R"(["a","b","",null])"));
  EXPECT_EQ(schema["properties"]["tls"]["properties"]["ca"]["description"], "Authority.");
  EXPECT_EQ(schema.dump().find("never"), std::string::npos);
  const auto whole = nlohmann::json::parse(json_schema([](FieldVisitor& v) {
    std::string text;
    v.json("", text, {.doc = "The pattern."});
  }));
  EXPECT_EQ(whole["description"], "The pattern.");
}

TEST(Describe, an_example_holds_what_is_required) {
  EXPECT_EQ(example("files", kFields, 2), "  files:\n    path: \"${PATH}\"\n");
  EXPECT_EQ(example("stdout", [](FieldVisitor&) {}, 0), "stdout: {}\n");
}

}  // namespace
}  // namespace penstock::config
