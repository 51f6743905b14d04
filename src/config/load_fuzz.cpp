// Any text as a pipeline file: no crash, no hang; what loads can be read, checked and shown.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/describe.h"
#include "config/json_text.h"
#include "config/load.h"
#include "config/read_fields.h"
#include "testing/map_files.h"

namespace {

struct Settings {
  std::string text, choice;
  bool flag = false;
  int64_t number = 0;
  double real = 0;
  penstock::Duration wait{0};
  penstock::config::ByteSize size;
  std::vector<std::string> list;
  std::map<std::string, std::string> map;
  std::optional<int64_t> maybe;
  std::optional<penstock::Duration> maybe_wait;
  std::string json;
  void fields(penstock::config::FieldVisitor& v) {
    v.field("name", text, {.doc = "", .required = true});
    v.field("choice", choice, {.doc = "", .choices = {"a", "b"}});
    v.field("flag", flag, {.doc = ""});
    v.field("number", number, {.doc = "", .min = 1, .max = 10});
    v.field("real", real, {.doc = "", .min = 0});
    v.field("wait", wait, {.doc = "", .max = 1000});
    v.field("size", size, {.doc = "", .min = 1});
    v.field("list", list, {.doc = ""});
    v.field("map", map, {.doc = ""});
    v.field("maybe", maybe, {.doc = ""});
    v.field("maybe_wait", maybe_wait, {.doc = ""});
    v.json("json", json, {.doc = ""});
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  penstock::MapFiles files;
  files.contents = {{"/s", "a secret with ${NAME}\n"}};
  penstock::config::LoadOptions options;
  options.environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "NAME") {
      return "value ${NAME} {a: b}";
    }
    return name == "EMPTY" ? std::optional<std::string>("") : std::nullopt;
  };
  const auto node =
      penstock::config::load_text({reinterpret_cast<const char*>(data), size}, "f", files, options);
  if (node) {
    Settings settings;
    (void)penstock::config::read_fields(
        *node, "f", [&](penstock::config::FieldVisitor& v) { settings.fields(v); });
    std::string json;
    penstock::config::append_json(*node, json);
  }
  return 0;
}
