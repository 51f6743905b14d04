// The setting `numbers` of everything that reads JSON. Pure; any thread.
#pragma once

#include <string>

#include "config/fields.h"
#include "doc/json.h"

namespace penstock::config {

inline void numbers_field(FieldVisitor& visitor, std::string& numbers) {
  visitor.field("numbers", numbers,
                {.doc = "What becomes of a number that no number type holds exactly: it is "
                        "rejected, kept as a string of its digits, or rounded to a double.",
                 .choices = {"error", "string", "double"}});
}

inline doc::Numbers numbers_of(const std::string& name) {
  if (name == "error") {
    return doc::Numbers::error;
  }
  return name == "double" ? doc::Numbers::double_ : doc::Numbers::string;
}

}  // namespace penstock::config
