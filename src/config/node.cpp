#include "config/node.h"

#include <algorithm>

namespace penstock::config {

// Here, where Node is complete: clang checks the pairs of a vector for that (g++ does not).
Node::Node() = default;
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;
Node::~Node() = default;

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, node] : entries) {
    if (name == key) {
      return &node;
    }
  }
  return nullptr;
}

// The depth of a Node is bounded by load_text (kDepthMax), so this may call itself.
bool Node::is_known() const {
  return !withheld && std::ranges::all_of(items, &Node::is_known) &&
         std::ranges::all_of(entries, [](const auto& entry) { return entry.second.is_known(); });
}

}  // namespace penstock::config
