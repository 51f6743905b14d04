#include "transforms/filter.h"

namespace penstock::transforms {

void Filter::Settings::fields(config::FieldVisitor& visitor) {
  visitor.json("", pattern,
               {.doc = "An Amazon EventBridge event pattern over {op, stream, key, before, after, "
                       "meta, at}.",
                .required = true});
}

Result<std::unique_ptr<Transform>> Filter::make(Settings settings, const Context& /*context*/) {
  TRY(Pattern pattern, Pattern::parse(settings.pattern));
  return std::make_unique<Filter>(std::move(pattern));
}

}  // namespace penstock::transforms
