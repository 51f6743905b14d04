// The transform `remove`: takes values out of the documents. Immutable; any thread.
#pragma once

#include "config/fields.h"
#include "core/context.h"
#include "core/transform.h"
#include "transforms/path.h"

namespace penstock::transforms {

class Remove final : public Transform {
 public:
  struct Settings {
    std::vector<std::string> paths = {};
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Transform>> make(Settings settings, const Context& context);
  explicit Remove(std::vector<Path> paths) : paths_(std::move(paths)) {}

  Result<> apply(const Event& in, Arena& arena, std::vector<Event>& out) const override;

 private:
  std::vector<Path> paths_;
};

}  // namespace penstock::transforms
