// What the documentation says of a component's settings: a Markdown table, a JSON schema, an
// example; all from its one declaration of fields. Pure; one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"

namespace penstock::config {

using Fields = std::function<void(FieldVisitor&)>;

struct FieldText {
  std::string name;  // with the groups it stands in: "batch.events"; "" for the value as a whole
  std::string type;  // "text", "duration", "list of texts", …
  std::string by_default;  // as it would be written; "" where there is none
  std::string doc;
  std::vector<std::string> choices;
  bool required = false;
  bool secret = false;
  bool group = false;  // its fields follow
};

std::vector<FieldText> describe(const Fields& fields);

// "| setting | type | default | meaning |" with a row a field; a sentence when there are none.
std::string markdown_table(const Fields& fields);

// The schema of the value of a component: an object, closed against unknown keys. A number, size or
// duration may also be written as a text, because it may hold a ${…}.
std::string json_schema(const Fields& fields);

// "files:\n  path: …\n": every required setting, or a comment that there are none. `indent` blanks
// stand in front of each line.
std::string example(std::string_view name, const Fields& fields, size_t indent);

}  // namespace penstock::config
