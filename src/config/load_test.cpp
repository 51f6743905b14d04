#include "config/load.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "config/json_text.h"
#include "config/substitute.h"
#include "testing/map_files.h"

namespace penstock::config {
namespace {

using Environment = std::map<std::string, std::string, std::less<>>;

Result<Node> load(std::string_view text, MapFiles& files, const Environment& environment = {},
                  bool read_secrets = true) {
  LoadOptions options;
  options.environment = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  options.read_secrets = read_secrets;
  return load_text(text, "file.yaml", files, options);
}

Result<Node> load(std::string_view text, const Environment& environment = {}) {
  MapFiles files;
  return load(text, files, environment);
}

std::string json(const Node& node) {
  std::string out;
  append_json(node, out);
  return out;
}

std::string error_of(std::string_view text, const Environment& environment = {}) {
  const auto loaded = load(text, environment);
  return loaded ? "loaded as " + json(*loaded) : loaded.error().what;
}

TEST(Load, a_file_becomes_nodes_with_their_places) {
  const auto node = load("name: one\nsinks:\n  - files: {path: './x'}\n    enabled: true\n");
  ASSERT_TRUE(node) << node.error().what;
  EXPECT_EQ(json(*node), R"({"name":"one","sinks":[{"files":{"path":"./x"},"enabled":true}]})");
  const Node& sink = node->find("sinks")->items[0];
  const Node* const enabled = sink.find("enabled");
  EXPECT_EQ(enabled->mark.file, "file.yaml");
  EXPECT_EQ(enabled->mark.line, 4);
  EXPECT_EQ(enabled->mark.column, 14);
  EXPECT_EQ(enabled->key_mark.column, 5);
  EXPECT_FALSE(enabled->quoted);
  EXPECT_TRUE(sink.find("files")->find("path")->quoted);
}

TEST(Load, an_empty_file_is_a_null) {
  for (const std::string_view text : {"", "\n\n", "# only a comment\n", "---\n", "~\n"}) {
    const auto node = load(text);
    ASSERT_TRUE(node) << text;
    EXPECT_TRUE(node->is_empty()) << text;
  }
}

struct Hostile {
  const char* name;
  std::string text;
  std::string error;  // a part of it
};

std::string nested(const std::string& open, size_t times) {
  std::string out = "a: ";
  for (size_t i = 0; i < times; ++i) {
    out += open;
  }
  return out;
}

TEST(Load, hostile_text_is_an_error_with_its_place) {
  using namespace std::string_literals;
  const std::string bomb =
      "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c, *c, *c, *c, *c]\n";
  const Hostile rows[] = {
      {"bomb", bomb, "file.yaml:1:4: anchors (`&name`) are not allowed"},
      {"alias without anchor", "a: *b\n", "file.yaml:1:4: "},
      {"merge", "a: &x {b: 1}\nc: {<<: *x}\n", "file.yaml:1:4: anchors"},
      {"deep lists", nested("[", 65) + std::string(65, ']'),
       "file.yaml:1:67: nested deeper than 64 levels"},
      {"very deep lists", nested("[", 100'000), "file.yaml:1:1: nested deeper than 64 levels"},
      {"very deep maps", nested("{a: ", 100'000), "file.yaml:1:"},
      {"very deep block lists", nested("- ", 100'000), "file.yaml:1:"},
      {"repeated key", "name: a\nsource: {}\nname: b\n",
       "file.yaml:3:1: the key `name` stands here twice"},
      {"two repeated keys", "a: {b: 1, b: 2}\nc: 1\nc: 2\n",
       "file.yaml:1:11: the key `b` stands here twice\nfile.yaml:3:1: the key `c`"},
      {"two documents", "a: 1\n---\nb: 2\n", "more than one document"},
      {"tab", "a:\n\tb: 1\n", "file.yaml:2:"},
      {"tab", "a:\n\tb: 1\n", "a tab indents here"},
      {"tab below a value", "a: [1]\n\tb: 1\n", "a tab indents here"},
      {"NUL", "a: x\0y\n"s, "file.yaml:1:5: control byte 0x00"},
      {"escape byte", "a: 1\nb: \x1b[2J\n", "file.yaml:2:4: control byte 0x1b"},
      {"no UTF-8", "a: \xff\n", "file.yaml:1:4: byte 0xff is not UTF-8"},
      {"overlong", "a: \xc0\xaf\n", "file.yaml:1:4: byte 0xc0 is not UTF-8"},
      {"surrogate", "a: \xed\xa0\x80\n", "file.yaml:1:4: byte 0xed is not UTF-8"},
      {"cut UTF-8", "a: \xe2\x82", "file.yaml:1:4: byte 0xe2 is not UTF-8"},
      {"UTF-16",
       "\xff\xfe"
       "a\0:\0"s,
       "file.yaml:1:1: byte 0xff is not UTF-8"},
      {"tag", "a: !!python/object:os.system x\n", "file.yaml:1:4: tags"},
      {"map as key", "? {a: b}\n: c\n", "file.yaml:1:3: a key must be a text"},
      {"unquoted placeholder", "a: {b: {c}-{d}}\n", "file.yaml:1:"},
      {"empty key", "? \n: c\n", "file.yaml:2:1: "},
      {"open quote", "a: \"b\n", "a quote before this place is not closed"},
      {"open quote at the end", "a: 'b", "a quote before this place is not closed"},
      {"document mark in a quote", "a: 'b\n---\nc'\n", "illegal document indicator in scalar"},
      {"open list", "a: [1, 2\n", "file.yaml:"},
      {"huge", "a: " + std::string(1 << 20, 'x'), "a configuration has at most 1048576"},
      {"many values", "a: [" + std::string(250'000, ',') + "]", "file.yaml:1:"},
      {"very many values",
       [] {
         std::string text = "a:\n";
         for (int i = 0; i < 120'000; ++i) {
           text += "- 1\n";
         }
         return text;
       }(),
       "more than 100000 values"},
  };
  for (const Hostile& row : rows) {
    const std::string error = error_of(row.text);
    EXPECT_NE(error.find(row.error), std::string::npos) << row.name << ": " << error.substr(0, 300);
  }
}

TEST(Load, a_large_scalar_within_the_limit_is_kept) {
  const std::string text(1'000'000, 'x');
  const auto node = load("a: " + text);
  ASSERT_TRUE(node) << node.error().what;
  EXPECT_EQ(node->find("a")->scalar, text);
}

struct Substituted {
  std::string text;
  std::string value;
};

TEST(Load, substitution_follows_the_contract) {
  const Environment environment = {
      {"NAME", "value"},    {"EMPTY", ""},          {"INNER", "NAME"},
      {"TRICK", "${NAME}"}, {"YAML", "{a: [b]}\n"}, {"COLON", "a:-b"},
  };
  const Substituted rows[] = {
      {"${NAME}", "value"},
      {"a${NAME}b${NAME}", "avaluebvalue"},
      {"$NAME", "$NAME"},
      {"$", "$"},
      {"$$", "$$"},
      {"$${NAME}", "${NAME}"},
      {"$${${NAME}}", "${value}"},
      {"a}b", "a}b"},
      {"${EMPTY}", ""},
      {"${UNSET:-}", ""},
      {"${UNSET:-default}", "default"},
      {"${EMPTY:-default}", "default"},
      {"${NAME:-default}", "value"},
      {"${NAME:+true}", "true"},
      {"${EMPTY:+true}", ""},
      {"${UNSET:+true}", ""},
      {"${NAME:?is needed}", "value"},
      {"${UNSET:-${EMPTY:-15}}", "15"},
      {"${UNSET:-${NAME}}", "value"},
      {"${NAME:-${UNSET}}", "value"},  // a default that is not used needs nothing
      {"${${INNER}}", "value"},
      {"${TRICK}", "${NAME}"},  // never scanned again
      {"${UNSET:-${TRICK}}", "${NAME}"},
      {"${UNSET:-{table}}", "{table}"},  // braces balance
      {"${UNSET:-{a}{b}}-{c}", "{a}{b}-{c}"},
      {"${UNSET:-$${NAME}}", "${NAME}"},
      {"${YAML}", "{a: [b]}\n"},  // never changes the structure
      {"${COLON}", "a:-b"},
      {"${UNSET:-a:b:?c}", "a:b:?c"},
      {"https://${NAME}:80/{stream}", "https://value:80/{stream}"},
  };
  for (const Substituted& row : rows) {
    const auto node = load("a: '" + row.text + "'\n", environment);
    ASSERT_TRUE(node) << row.text << ": " << node.error().what;
    EXPECT_EQ(node->find("a")->kind, Node::Kind::scalar) << row.text;
    EXPECT_EQ(node->find("a")->scalar, row.value) << row.text;
  }
}

TEST(Load, substitution_errors_name_the_line) {
  const std::pair<std::string, std::string> rows[] = {
      {"${UNSET}", "file.yaml:2:4: the environment variable `UNSET` is not set"},
      {"${UNSET:?tell me}", "file.yaml:2:4: the environment variable `UNSET` is not set: tell me"},
      {"${EMPTY:?tell me}", "is not set: tell me"},
      {"${NAME", "`${` without its `}`"},
      {"${NAME:-{a}", "`${` without its `}`"},
      {"${}", "`` is no name of an environment variable"},
      {"${A B}", "`A B` is no name"},
      {"${1A}", "`1A` is no name"},
      {"${vault:secret/x}", "unknown `${vault:…}`"},
      {"${aws-secretsmanager:id#field}", "`${aws-secretsmanager:…}` is not in this build"},
      {"${aws-ssm:/a/b}", "`${aws-ssm:…}` is not in this build"},
      {"${file:/nothing}", "file.yaml:2:4: `${file:…}`: open /nothing"},
      {"${${NAME}}", "`VALUE-SECRET` is no name"},
  };
  const Environment environment = {{"EMPTY", ""}, {"NAME", "VALUE-SECRET"}};
  for (const auto& [text, error] : rows) {
    if (text == "${${NAME}}") {
      // What was substituted may be a secret: it is not shown.
      const std::string found = error_of("x: 1\na: '" + text + "'\n", environment);
      EXPECT_EQ(found.find("VALUE-SECRET"), std::string::npos) << found;
      EXPECT_NE(found.find("is no name of an environment variable"), std::string::npos) << found;
      continue;
    }
    const std::string found = error_of("x: 1\na: '" + text + "'\n", environment);
    EXPECT_NE(found.find(error), std::string::npos) << text << ": " << found;
  }
}

TEST(Load, substitution_is_bounded) {
  std::string deep = "a";
  for (int i = 0; i < 1000; ++i) {
    deep = "${U:-" + deep + "}";
  }
  EXPECT_NE(error_of("a: '" + deep + "'").find("nested deeper than 16"), std::string::npos);
  std::string wide;
  for (int i = 0; i < 100; ++i) {
    wide += "${BIG}";
  }
  const Environment environment = {{"BIG", std::string(100'000, 'x')}};
  EXPECT_NE(error_of("a: '" + wide + "'", environment).find("more than"), std::string::npos);
}

TEST(Load, all_problems_are_reported_at_once) {
  const std::string error = error_of("a: ${A}\nb: ${B}\nc: [d, '${C']\n");
  EXPECT_NE(error.find("file.yaml:1:4"), std::string::npos) << error;
  EXPECT_NE(error.find("\nfile.yaml:2:4"), std::string::npos) << error;
  EXPECT_NE(error.find("\nfile.yaml:3:8"), std::string::npos) << error;
}

TEST(Load, a_secret_file_loses_one_line_break) {
  MapFiles files;
  files.contents = {{"/s/password", "top\nsecret\n"}, {"/s/windows", "x\r\n"}};
  const auto node =
      load("a: ${file:${DIR}/password}\nb: ${file:/s/windows}\n", files, {{"DIR", "/s"}});
  ASSERT_TRUE(node) << node.error().what;
  EXPECT_EQ(node->find("a")->scalar, "top\nsecret");
  EXPECT_TRUE(node->find("a")->substituted);
  EXPECT_EQ(node->find("b")->scalar, "x");
}

TEST(Load, secrets_are_read_again_and_nothing_else) {
  MapFiles files;
  files.contents = {{"/token", "old\n"}};
  auto node = load("a: Bearer ${file:/token}\nb: [x, '${N:-${file:/token}}']\n", files);
  ASSERT_TRUE(node) << node.error().what;
  EXPECT_TRUE(has_file_values(*node));
  EXPECT_FALSE(has_file_values(node->find("b")->items[0]));
  EXPECT_EQ(read_again(*node, files, {}), false);
  files.contents = {{"/token", "new\n"}};
  EXPECT_EQ(read_again(*node, files, {}), true);
  EXPECT_EQ(json(*node), R"({"a":"Bearer new","b":["x","new"]})");
  EXPECT_EQ(read_again(*node, files, {}), false);
  files.contents.clear();
  const auto gone = read_again(*node, files, {});
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().what.find("open /token"), std::string::npos) << gone.error().what;
}

TEST(Load, a_check_reads_no_secret) {
  MapFiles files;
  const auto node = load("a: ${file:/s/password}\n", files, {}, false);
  ASSERT_TRUE(node) << node.error().what;
  EXPECT_EQ(files.opened, 0);
  EXPECT_TRUE(node->find("a")->withheld);
}

TEST(Load, a_disabled_part_needs_no_value_and_no_secret) {
  MapFiles files;
  const auto node = load(
      "sinks:\n"
      "  - http: {url: '${URL}', password: '${file:/s/password}'}\n"
      "    enabled: ${URL:+true}\n"
      "dead_letter:\n"
      "  s3: {bucket: '${aws-ssm:/bucket}'}\n"
      "  enabled: false\n",
      files);
  ASSERT_TRUE(node) << node.error().what;
  EXPECT_TRUE(node->find("sinks")->items[0].find("http")->find("url")->withheld);
}

TEST(Load, a_file_is_read_through_the_disk_seam) {
  MapFiles files;
  files.contents = {{"/etc/one.yaml", "name: one\n"},
                    {"/etc/huge.yaml", std::string((1 << 20) + 1, '#')}};
  Problems problems;
  const auto node = load_file("/etc/one.yaml", files, {}, problems);
  ASSERT_TRUE(node) << node.error().what;
  EXPECT_EQ(node->find("name")->mark.file, "/etc/one.yaml");
  EXPECT_FALSE(load_file("/etc/huge.yaml", files, {}, problems));
  const auto absent = load_file("/etc/two.yaml", files, {}, problems);
  ASSERT_FALSE(absent);
  EXPECT_NE(absent.error().what.find("/etc/two.yaml"), std::string::npos);
}

TEST(Load, what_is_wrong_with_values_hides_nothing_else) {
  MapFiles files;
  files.contents = {{"a.yaml", "a: ${UNSET}\nb: '${aws-ssm:/x}'\nc: {d: 1}\n"}};
  Problems problems;
  const auto node = load_file("a.yaml", files, {}, problems);
  ASSERT_TRUE(node) << node.error().what;
  EXPECT_EQ(problems.size(), 2U);
  EXPECT_FALSE(node->find("a")->is_known());
  EXPECT_FALSE(node->is_known());
  EXPECT_TRUE(node->find("c")->is_known());
}

}  // namespace
}  // namespace penstock::config
