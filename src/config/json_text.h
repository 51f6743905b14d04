// to_json: a subtree of free shape as JSON text. Unquoted true, false, null and numbers (by JSON's
// grammar) keep their type and their digits; every other scalar is a string. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "config/node.h"

namespace penstock::config {

void append_json(const Node& node, std::string& out);

}  // namespace penstock::config
