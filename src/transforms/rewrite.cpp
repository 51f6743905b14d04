#include "transforms/rewrite.h"

#include <fmt/core.h>

#include "doc/losses.h"

namespace penstock::transforms {

namespace {

class Rewriter {
 public:
  Rewriter(const Document& document, std::span<const std::string> names, const Value* value,
           Arena& arena)
      : document_(document),
        names_(names),
        value_(value),
        arena_(arena),
        writer_(arena, document.size() + 64) {}

  Result<Document> run() {
    auto at = document_ ? doc::Elements(document_).begin() : doc::Elements::iterator();
    while (true) {
      if (at == doc::Elements::iterator()) {
        if (!done_ && value_ != nullptr) {
          add_missing();
        }
        done_ = true;  // a name stands once on its level
        if (levels_.empty()) {
          return doc::with_losses(writer_.finish(), losses_, arena_);
        }
        writer_.end();
        at = levels_.back().rest;
        pointer_.resize(levels_.back().pointer_size);
        levels_.pop_back();
        continue;
      }
      const doc::Element element = *at;
      ++at;
      const bool last = levels_.size() + 1 == names_.size();
      if (done_ || element.name != names_[levels_.size()]) {
        copy(element);
      } else if (last) {
        done_ = true;
        put_value(element.name);
      } else if (element.type == doc::Type::document) {
        writer_.begin_document(element.name);
        levels_.push_back({at, pointer_.size()});
        doc::append_pointer(element.name, pointer_);
        at = doc::Elements(element.as_document()).begin();
      } else if (value_ != nullptr) {
        return rejected(fmt::format("{} is no document", element.name));
      } else {
        copy(element);
      }
    }
  }

 private:
  struct Level {
    doc::Elements::iterator rest;  // of the level above
    size_t pointer_size;
  };

  void copy(const doc::Element& element) {
    writer_.copy(element.name, element);
    if (!document_.losses().empty()) {
      std::string pointer = pointer_;
      doc::append_pointer(element.name, pointer);
      doc::take_losses(document_, pointer, pointer, arena_, losses_);
    }
  }

  void put_value(std::string_view name) {
    if (value_ == nullptr) {
      return;
    }
    writer_.copy(name, value_->element);
    if (!value_->losses_of.losses().empty()) {
      std::string pointer = pointer_;
      doc::append_pointer(name, pointer);
      doc::take_losses(value_->losses_of, value_->pointer, pointer, arena_, losses_);
    }
  }

  void add_missing() {
    const size_t first = levels_.size();
    const size_t pointer_size = pointer_.size();
    for (size_t i = first; i + 1 < names_.size(); ++i) {
      writer_.begin_document(names_[i]);
      doc::append_pointer(names_[i], pointer_);
    }
    put_value(names_.back());
    for (size_t i = first; i + 1 < names_.size(); ++i) {
      writer_.end();
    }
    pointer_.resize(pointer_size);
  }

  const Document& document_;
  std::span<const std::string> names_;
  const Value* value_;  // nullptr: what stands there goes
  Arena& arena_;
  doc::BsonWriter writer_;
  std::vector<Level> levels_;  // open below the first
  std::string pointer_;        // of the level
  std::vector<Loss> losses_;
  bool done_ = false;
};

}  // namespace

Document without(const Document& document, std::span<const std::string> names, Arena& arena) {
  if (!document) {
    return document;
  }
  return *Rewriter(document, names, nullptr, arena).run();
}

Result<Document> with(const Document& document, std::span<const std::string> names,
                      const Value& value, Arena& arena) {
  return Rewriter(document, names, &value, arena).run();
}

}  // namespace penstock::transforms
