// parse_yaml: one YAML document to Nodes, before substitution. The only user of yaml-cpp. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/node.h"

namespace penstock::config {

Result<Node> parse_yaml(std::string_view text, const std::string& name);

}  // namespace penstock::config
