// The transform `set`: gives values to places of the event. Immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "config/fields.h"
#include "core/context.h"
#include "core/transform.h"
#include "transforms/path.h"

namespace penstock::transforms {

class Set final : public Transform {
 public:
  struct Settings {
    std::string values = {};  // JSON: {path: value}
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Transform>> make(Settings settings, const Context& context);

  // Text with placeholders, as "{stream}-{after.id}": texts and paths in turn.
  using Template = std::vector<std::variant<std::string, Path>>;
  struct Assignment {
    Path to;
    std::variant<Value, Template> value;
  };
  Set(std::unique_ptr<Arena> arena, std::vector<Assignment> assignments)
      : arena_(std::move(arena)), assignments_(std::move(assignments)) {}

  Result<> apply(const Event& in, Arena& arena, std::vector<Event>& out) const override;

 private:
  std::unique_ptr<Arena> arena_;  // of the literal values
  std::vector<Assignment> assignments_;
};

}  // namespace penstock::transforms
