// Node: a configuration value after YAML parsing and substitution, with the place it came from.
// Immutable once loaded; owned by whoever loaded it; one thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::config {

struct Mark {
  std::string file;
  int line = 0;    // from 1
  int column = 0;  // from 1
};

struct Node {
  Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();

  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  std::string scalar;
  bool quoted = false;       // a quoted scalar is a string, whatever it looks like
  bool substituted = false;  // holds text from a ${…}: errors do not print it
  std::string unread;        // as it stood in the file, where ${file:…} is in it; else empty
  bool withheld = false;     // stands for a value that was not read (`check`, disabled parts) or
                             // could not be: it is present, and nothing else is known of it
  std::vector<Node> items;   // of a sequence
  std::vector<std::pair<std::string, Node>> entries;  // of a map, in file order, keys unique
  Mark mark;
  Mark key_mark;  // of its key, when it is the value of a map

  // Absent, null, or an empty scalar: all the same by the contract.
  bool is_empty() const { return kind == Kind::null || (kind == Kind::scalar && scalar.empty()); }
  const Node* find(std::string_view key) const;  // of a map; nullptr when absent
  bool is_known() const;                         // nothing in it is withheld
};

}  // namespace penstock::config
