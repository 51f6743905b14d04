#include "transforms/parse.h"

#include "config/numbers.h"

namespace penstock::transforms {

void Parse::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("format", format, {.doc = "What the payload is.", .choices = {"json"}});
  visitor.field("on_error", on_error,
                {.doc = "A payload that is no JSON object, or repeats a name: keep it as the bytes "
                        "it is, or reject the event.",
                 .choices = {"keep", "reject"}});
  config::numbers_field(visitor, numbers);
}

Result<std::unique_ptr<Transform>> Parse::make(Settings settings, const Context& /*context*/) {
  doc::ParseOptions options;
  options.numbers = config::numbers_of(settings.numbers);
  return std::make_unique<Parse>(options, settings.on_error == "reject");
}

Result<> Parse::apply(const Event& in, Arena& arena, std::vector<Event>& out) const {
  out.push_back(in);
  if (!in.has_raw || in.after || in.before || in.key) {
    return {};  // there are no bytes, or somebody has read them already
  }
  thread_local doc::JsonReader reader;  // its buffers are worth keeping
  auto document = reader.read(in.raw, arena, options_);
  if (document) {
    out.back().after = *document;  // beside the payload, which stays as it came
    return {};
  }
  if (!rejects_ && document.error().kind == Error::Kind::rejected) {
    return {};
  }
  out.pop_back();
  document.error().what = "parse: " + document.error().what;
  return std::unexpected(std::move(document).error());
}

}  // namespace penstock::transforms
