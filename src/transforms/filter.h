// The transform `filter`: only events that match a pattern go on. Immutable; any thread.
#pragma once

#include "config/fields.h"
#include "core/context.h"
#include "core/transform.h"
#include "pattern/pattern.h"

namespace penstock::transforms {

class Filter final : public Transform {
 public:
  struct Settings {
    std::string pattern = {};
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Transform>> make(Settings settings, const Context& context);
  explicit Filter(Pattern pattern) : pattern_(std::move(pattern)) {}

  Result<> apply(const Event& in, Arena& /*arena*/, std::vector<Event>& out) const override {
    if (pattern_.matches(in)) {
      out.push_back(in);
    }
    return {};
  }

 private:
  Pattern pattern_;
};

}  // namespace penstock::transforms
