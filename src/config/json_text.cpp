#include "config/json_text.h"

#include <fmt/core.h>

#include "base/json_string.h"
#include "config/scalars.h"

namespace penstock::config {

// The depth of a Node is bounded by load_text (kDepthMax), so this may call itself.
void append_json(const Node& node, std::string& out) {
  switch (node.kind) {
    case Node::Kind::null:
      out += "null";
      return;
    case Node::Kind::scalar: {
      const std::string& text = node.scalar;
      const bool typed = !node.quoted && (text == "true" || text == "false" || text == "null" ||
                                          is_json_number(text));
      if (typed) {
        out += text;
      } else {
        append_json_string(text, out);
      }
      return;
    }
    case Node::Kind::sequence: {
      out += '[';
      for (size_t i = 0; i < node.items.size(); ++i) {
        out += i == 0 ? "" : ",";
        append_json(node.items[i], out);
      }
      out += ']';
      return;
    }
    case Node::Kind::map: {
      out += '{';
      bool first = true;
      for (const auto& [key, value] : node.entries) {
        out += first ? "" : ",";
        first = false;
        append_json_string(key, out);
        out += ':';
        append_json(value, out);
      }
      out += '}';
      return;
    }
  }
}

}  // namespace penstock::config
