// The transform `parse`: a JSON payload becomes the event's document. Immutable; any thread.
#pragma once

#include "config/fields.h"
#include "core/context.h"
#include "core/transform.h"
#include "doc/json.h"

namespace penstock::transforms {

class Parse final : public Transform {
 public:
  struct Settings {
    std::string format = "json";
    std::string on_error = "keep";
    std::string numbers = "string";
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Transform>> make(Settings settings, const Context& context);
  Parse(doc::ParseOptions options, bool rejects) : options_(options), rejects_(rejects) {}

  Result<> apply(const Event& in, Arena& arena, std::vector<Event>& out) const override;

 private:
  doc::ParseOptions options_;
  bool rejects_;
};

}  // namespace penstock::transforms
