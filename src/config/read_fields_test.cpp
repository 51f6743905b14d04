#include "config/read_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "config/load.h"
#include "testing/map_files.h"

namespace penstock::config {
namespace {

struct Tls : FieldGroup {
  std::string certificate;
  std::string authority;
  void fields(FieldVisitor& v) override {
    v.field("cert", certificate, {.doc = "Certificate file.", .required = true});
    v.field("ca", authority, {.doc = "Authority file."});
  }
};

struct Settings {
  std::string path;
  std::string password;
  std::string mode = "fast";
  bool flag = false;
  int64_t count = 7;
  double rate = 0;
  Duration wait = 5s;
  ByteSize size{1000};
  std::vector<std::string> names = {"preset"};
  std::map<std::string, std::string> headers;
  Tls tls;
  std::optional<int64_t> attempts;
  std::optional<Duration> deadline;
  std::string pattern;

  void fields(FieldVisitor& v) {
    v.field("path", path, {.doc = "Where.", .required = true});
    v.field("password", password, {.doc = "Word.", .secret = true});
    v.field("mode", mode, {.doc = "How.", .choices = {"fast", "slow"}});
    v.field("flag", flag, {.doc = "Whether."});
    v.field("count", count, {.doc = "How many.", .min = 1, .max = 10});
    v.field("rate", rate, {.doc = "How often.", .min = 0});
    v.field("wait", wait, {.doc = "How long.", .max = Duration(1h).count()});
    v.field("size", size, {.doc = "How much.", .min = 1});
    v.field("names", names, {.doc = "Which."});
    v.field("headers", headers, {.doc = "What else."});
    v.field("tls", tls, {.doc = "TLS."});
    v.field("attempts", attempts, {.doc = "Tries."});
    v.field("deadline", deadline, {.doc = "Until when."});
    v.json("pattern", pattern, {.doc = "A pattern."});
  }
};

Result<> read(std::string_view text, Settings& settings, const ReadOptions& options = {},
              bool read_secrets = true) {
  MapFiles files;
  LoadOptions load_options;
  load_options.environment = [](std::string_view name) -> std::optional<std::string> {
    return name == "SECRET" ? std::optional<std::string>("hunter2") : std::nullopt;
  };
  load_options.read_secrets = read_secrets;
  TRY(const Node node, load_text(text, "f.yaml", files, load_options));
  return read_fields(node, "sink files", [&](FieldVisitor& v) { settings.fields(v); }, options);
}

std::string error_of(std::string_view text, const ReadOptions& options = {}) {
  Settings settings;
  const auto result = read(text, settings, options);
  return result ? "" : result.error().what;
}

TEST(ReadFields, every_type_is_read) {
  Settings s;
  const auto result = read(
      "path: ./x\npassword: ${SECRET}\nmode: slow\nflag: yes\ncount: \"10\"\nrate: 2.5\n"
      "wait: 250ms\nsize: 4MiB\nnames: [a, '', b]\nheaders: {x-a: 1, x-b: ''}\n"
      "tls: {cert: c}\nattempts: 3\ndeadline: 2d\n"
      "pattern: {op: [insert], n: [{numeric: ['>', 1.50]}], s: ['1'], b: [true, null]}\n",
      s);
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(s.path, "./x");
  EXPECT_EQ(s.password, "hunter2");
  EXPECT_EQ(s.mode, "slow");
  EXPECT_TRUE(s.flag);
  EXPECT_EQ(s.count, 10);
  EXPECT_EQ(s.rate, 2.5);
  EXPECT_EQ(s.wait, 250ms);
  EXPECT_EQ(s.size.bytes, 4U << 20);
  EXPECT_EQ(s.names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(s.headers, (std::map<std::string, std::string>{{"x-a", "1"}}));
  EXPECT_EQ(s.tls.certificate, "c");
  EXPECT_EQ(s.attempts, 3);
  EXPECT_EQ(s.deadline, 48h);
  EXPECT_EQ(s.pattern,
            R"({"op":["insert"],"n":[{"numeric":[">",1.50]}],"s":["1"],"b":[true,null]})");
}

TEST(ReadFields, empty_equals_absent) {
  Settings s;
  ASSERT_TRUE(
      read("path: x\ncount: ''\nmode: ${UNSET:-}\nwait:\nattempts: ''\nnames: ''\ntls: ''\n", s));
  EXPECT_EQ(s.count, 7);
  EXPECT_EQ(s.mode, "fast");
  EXPECT_EQ(s.wait, 5s);
  EXPECT_EQ(s.attempts, std::nullopt);
  EXPECT_EQ(s.names, std::vector<std::string>{"preset"});
  EXPECT_NE(error_of("path: ''\n").find("f.yaml:1:7: sink files: needs `path` (Where)"),
            std::string::npos);
}

TEST(ReadFields, what_is_wrong_is_told_with_its_place) {
  const std::pair<std::string, std::string> rows[] = {
      {"{}", "f.yaml:1:1: sink files: needs `path` (Where)"},
      {"path: x\npaht: y", "f.yaml:2:1: sink files: unknown setting `paht`, did you mean `path`?"},
      {"path: x\nzzzzzzzz: y", "unknown setting `zzzzzzzz`; known: path, password, mode"},
      {"path: x\nzzzzzzzz:\n  a: y", "f.yaml:2:1: sink files: unknown"},
      {"path: [a]", "f.yaml:1:7: sink files: `path` takes a text, not a list"},
      {"path: x\nflag: 1", "f.yaml:2:7: sink files: `flag` takes true or false, not `1`"},
      {"path: x\ncount: ten", "`count` takes a whole number, not `ten`"},
      {"path: x\ncount: 1.0", "`count` takes a whole number, not `1.0`"},
      {"path: x\ncount: 99999999999999999999", "`count` takes a whole number"},
      {"path: x\ncount: 11", "`count` must be between 1 and 10, not `11`"},
      {"path: x\nrate: -1", "`rate` must be at least 0, not `-1`"},
      {"path: x\nrate: .nan", "`rate` takes a number"},
      {"path: x\nwait: 5", "`wait` takes a duration, as 250ms, 5s, 1m, 1h or 2d, not `5`"},
      {"path: x\nwait: 2h", "`wait` must be at most 1h, not `2h`"},
      {"path: x\nwait: 999999999999d", "`wait` takes a duration"},
      {"path: x\nsize: 4Mb/s", "`size` takes a size, as 4MiB, 250KB or 1000, not `4Mb/s`"},
      {"path: x\nsize: 0", "`size` must be at least 1, not `0`"},
      {"path: x\nmode: fats", "must be one of fast, slow, not `fats`; did you mean `fast`?"},
      {"path: x\nnames: {a: b}", "`names` takes a list of texts, not a map"},
      {"path: x\nnames: [[a]]", "f.yaml:2:9: sink files: `names` takes a list of texts"},
      {"path: x\nheaders: [a]", "`headers` takes a map of names to texts, not a list"},
      {"path: x\ntls: yes", "`tls` takes a map of settings, not `yes`"},
      {"path: x\ntls: {ca: y}", "f.yaml:2:6: sink files.tls: needs `cert`"},
      {"path: x\ntls: {cret: y}", "sink files.tls: unknown setting `cret`, did you mean `cert`?"},
      {"just text", "f.yaml:1:1: sink files: a map of settings is expected, with path"},
  };
  for (const auto& [text, error] : rows) {
    EXPECT_NE(error_of(text).find(error), std::string::npos) << text << "\n" << error_of(text);
  }
}

TEST(ReadFields, all_problems_are_told_at_once) {
  const std::string error = error_of("count: a\nflag: b\nmore: c\n");
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 3) << error;
}

TEST(ReadFields, what_may_be_secret_is_never_shown) {
  for (const std::string text :
       {"path: x\ncount: ${SECRET}", "path: x\nwait: a${SECRET}", "path: x\nmode: ${SECRET}",
        "path: x\ntls: ${SECRET}", "path: x\nsize: ${SECRET}", "path: x\nflag: ${SECRET}"}) {
    const std::string error = error_of(text);
    EXPECT_FALSE(error.empty()) << text;
    EXPECT_EQ(error.find("hunter2"), std::string::npos) << error;
  }
}

TEST(ReadFields, a_disabled_part_has_its_keys_checked_and_needs_none) {
  EXPECT_EQ(error_of("tls: {ca: x}\n", {.required = false}), "");
  EXPECT_NE(error_of("paht: x\n", {.required = false}), "");
}

TEST(ReadFields, a_withheld_secret_counts_as_present) {
  Settings s;
  const auto result = read("path: ${file:/a}\ncount: ${file:/b}\n", s, {}, false);
  EXPECT_TRUE(result) << result.error().what;
}

TEST(ReadFields, a_component_may_be_one_value) {
  struct Whole {
    std::string text;
    void fields(FieldVisitor& v) { v.json("", text, {.doc = "The pattern.", .required = true}); }
  };
  MapFiles files;
  Whole whole;
  const auto node = load_text("op: [insert]\n", "f.yaml", files, {});
  ASSERT_TRUE(read_fields(*node, "filter", [&](FieldVisitor& v) { whole.fields(v); }));
  EXPECT_EQ(whole.text, R"({"op":["insert"]})");
  EXPECT_FALSE(read_fields({}, "filter", [&](FieldVisitor& v) { whole.fields(v); }));
}

TEST(ReadFields, a_component_without_settings_takes_none) {
  MapFiles files;
  EXPECT_TRUE(read_fields({}, "stdout", [](FieldVisitor&) {}));
  const auto node = load_text("a: 1\n", "f.yaml", files, {});
  const auto result = read_fields(*node, "stdout", [](FieldVisitor&) {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "f.yaml:1:1: stdout: takes no settings, and has `a`");
}

}  // namespace
}  // namespace penstock::config
