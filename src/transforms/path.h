// Path: a place inside an event, as "after.address.city" or "stream". Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "doc/bson.h"

namespace penstock::transforms {

// A value with what BSON cannot say of it.
struct Value {
  doc::Element element;
  Document losses_of;   // the document whose losses those of the value are among
  std::string pointer;  // of the value in that document
};

class Path {
 public:
  // `fatal` when it names nothing that an event has.
  static Result<Path> parse(std::string_view text);

  enum class Root { stream, id, op, at, key, before, after, meta };
  Root root() const { return root_; }
  bool is_document() const { return root_ >= Root::key; }
  const std::vector<std::string>& names() const { return names_; }  // below a document
  const std::string& text() const { return text_; }

  // nullptr for a root that is no document.
  Document* document(Event& event) const;
  const Document* document(const Event& event) const;
  // What stands there; nullopt: nothing. Roots that are no documents become strings in the arena.
  std::optional<Value> find(const Event& event, Arena& arena) const;

 private:
  std::string text_;
  Root root_ = Root::after;
  std::vector<std::string> names_;
};

// A string as a value, in the arena.
Value string_value(std::string_view text, Arena& arena);

}  // namespace penstock::transforms
