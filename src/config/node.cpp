#include "config/node.h"

namespace penstock::config {

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, node] : entries) {
    if (name == key) {
      return &node;
    }
  }
  return nullptr;
}

}  // namespace penstock::config
