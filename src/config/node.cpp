#include "config/node.h"

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

}  // namespace penstock::config
