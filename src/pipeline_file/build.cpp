#include "pipeline_file/build.h"

#include <algorithm>
#include <memory>

#include <fmt/core.h>

#include "base/check.h"
#include "base/hash.h"
#include "config/problems.h"
#include "config/substitute.h"
#include "net/http_client.h"
#include "pattern/pattern.h"
#include "pipeline_file/plan.h"
#include "pipeline_file/refreshing_sink.h"
#include "pipeline_file/selection.h"

namespace penstock::pipeline_file {

namespace {

// `when` of a source: what does not match is passed over before the transforms.
class SourceFilter final : public Transform {
 public:
  explicit SourceFilter(Pattern pattern) : pattern_(std::move(pattern)) {}
  Result<> apply(const Event& in, Arena&, std::vector<Event>& out) const override {
    if (pattern_.matches(in)) {
      out.push_back(in);
    }
    return {};
  }

 private:
  Pattern pattern_;
};

engine::OnReject on_reject_of(const std::string& text, bool has_dead_letter) {
  if (text == "stop") {
    return engine::OnReject::stop;
  }
  if (text == "drop") {
    return engine::OnReject::drop;
  }
  if (text == "dead_letter") {
    return engine::OnReject::dead_letter;
  }
  if (text == "quarantine") {
    return engine::OnReject::quarantine;
  }
  return has_dead_letter ? engine::OnReject::dead_letter : engine::OnReject::stop;
}

engine::OnLostPosition on_lost_position_of(const std::string& text) {
  if (text == "earliest") {
    return engine::OnLostPosition::earliest;
  }
  if (text == "latest") {
    return engine::OnLostPosition::latest;
  }
  return engine::OnLostPosition::fail;
}

engine::RetryPolicy retry_of(const RetryFields& fields) {
  return {.attempts = fields.attempts,
          .give_up_after = fields.give_up_after,
          .initial = fields.initial,
          .max = fields.max};
}

class Builder {
 public:
  Builder(Plan plan, const Registry& registry, const Context& base, const BuildOptions& options)
      : plan_(std::move(plan)), registry_(registry), base_(base), options_(options) {}

  // What is withheld cannot be built and is left out, so that the rest can be checked.
  Result<Built> run() {
    built_.warnings = std::move(plan_.warnings);
    numbers();
    spec().has_checkpoint = plan_.checkpoint.has_value();
    spec().has_dead_letter = plan_.dead_letter.has_value();
    if (is_known(plan_.source)) {
      take(source());
    }
    take(stores());
    take(transforms());
    for (SinkPlan& sink : plan_.sinks) {
      if (is_known(sink)) {
        take(this->sink(sink));
      }
    }
    TRY(problems_.result());
    return std::move(built_);
  }

  Result<SourceTraits> run_source() {
    TRY(source());
    TRY(problems_.result());
    return spec().source;
  }

  Result<Built> run_replay(ReplayOptions options) {
    numbers();
    spec().has_checkpoint = false;  // the caller has both
    spec().has_dead_letter = false;
    if (options.sink.empty()) {
      TRY(source());  // its format is the letters' format
      TRY(transforms());
    }
    for (SinkPlan& sink : plan_.sinks) {
      if (options.sink.empty() || sink.shared.name == options.sink) {
        TRY(this->sink(sink));
        spec().sinks.back().on_reject = engine::OnReject::stop;
      }
    }
    if (spec().sinks.empty()) {
      return fatal(fmt::format("pipeline {} has no enabled sink `{}` to replay dead letters to",
                               plan_.name, options.sink));
    }
    spec().source_on_reject = engine::OnReject::stop;
    spec().source = options.source->traits();
    spec().source_name = "dead-letters";
    spec().fingerprint = options.source->fingerprint();
    spec().replay = true;
    built_.assembly.source = std::move(options.source);
    TRY(problems_.result());
    return std::move(built_);
  }

 private:
  engine::PipelineSpec& spec() { return built_.assembly.spec; }

  void take(const Result<>& result) {
    if (!result) {
      problems_.add_lines(result.error().what);
    }
  }

  template <class PlanOfOne>
  static bool is_known(const PlanOfOne& plan) {
    return plan.component.entry != nullptr && plan.component.settings.is_known() &&
           (!plan.format || plan.format->options.is_known());
  }

  Context context(const std::string& component) const {
    Context context = base_;
    context.where = fmt::format("{}/{}", plan_.name, component);
    context.seed = hash64(context.where, base_.seed);
    context.encoder = nullptr;
    return context;
  }

  template <class T>
  Result<std::unique_ptr<T>> make(const ComponentPlan<T>& plan, const Context& context,
                                  std::string_view kind) {
    return placed(plan.entry->make(plan.settings, context), plan.mark,
                  fmt::format("{} {}", kind, plan.connector));
  }

  // With its place where an error has none; those of the settings have.
  template <class T>
  static Result<T> placed(Result<T> made, const config::Mark& mark, const std::string& what) {
    if (!made && !made.error().what.starts_with(mark.file + ":")) {
      made.error().what = fmt::format("{}: {}: {}", to_string(mark), what, made.error().what);
    }
    return made;
  }

  // The key of a certificate is a secret, which a check does not read.
  Result<> certificates(const TlsFields& fields, const config::Mark& mark,
                        const std::string& what) {
    net::TlsFiles files = fields.files();
    if (files == net::TlsFiles{}) {
      return {};
    }
    if (!options_.read_secrets) {
      files = {.ca = files.ca};
    }
    return placed(base_.http.check(files), mark, what);
  }

  void numbers() {
    engine::PipelineSpec& s = spec();
    s.name = plan_.name;
    s.seed = base_.seed;
    s.hash_key = base_.hash_key;
    s.limits = plan_.limits.limits;
    if (!plan_.read_events_given) {
      s.limits.read_events = std::min(s.limits.read_events, s.limits.in_flight_events);
    }
    if (!plan_.read_bytes_given) {
      s.limits.read_bytes = std::min(s.limits.read_bytes, s.limits.in_flight_bytes);
    }
    s.save_every = plan_.every.time;
    if (plan_.every.events) {
      s.save_every_events = static_cast<uint64_t>(*plan_.every.events);
    }
    s.until.end = plan_.until.end;
    s.until.caught_up = options_.once;
    if (options_.once) {
      if (plan_.until.events) {
        s.until.events = static_cast<uint64_t>(*plan_.until.events);
      }
      s.until.deadline = plan_.until.deadline;
    }
  }

  Result<> stores() {
    if (plan_.checkpoint && plan_.checkpoint->settings.is_known()) {
      Context with = context("checkpoint");
      with.source_identity = spec().fingerprint;
      TRY(built_.assembly.checkpoint, make(*plan_.checkpoint, with, "checkpoint"));
    }
    if (plan_.dead_letter && plan_.dead_letter->settings.is_known()) {
      TRY(built_.assembly.dead_letter,
          make(*plan_.dead_letter, context("dead_letter"), "dead letter store"));
    }
    return {};
  }

  Result<> source() {
    const SourceFields& shared = plan_.source.shared;
    engine::PipelineSpec& s = spec();
    Context with = context(shared.name);
    with.tls = shared.tls.files();
    TRY(certificates(shared.tls, plan_.source.component.mark,
                     "source " + plan_.source.component.connector));
    TRY(built_.assembly.source, make(plan_.source.component, with, "source"));
    s.source = built_.assembly.source->traits();
    s.source_name = shared.name;
    s.fingerprint = built_.assembly.source->fingerprint();
    s.position_before = [source = built_.assembly.source.get()](const Position& end,
                                                                std::string_view order) {
      return source->position_before(end, order);
    };
    s.source_on_reject = on_reject_of(shared.on_reject, s.has_dead_letter);
    s.on_lost_position = on_lost_position_of(shared.on_lost_position);
    if (s.on_lost_position == engine::OnLostPosition::latest && !s.source.starts_latest) {
      return fatal(
          fmt::format("{}: source {} cannot begin at its latest: `on_lost_position` must "
                      "be `fail` or `earliest`",
                      to_string(plan_.source.component.mark), plan_.source.component.connector));
    }
    s.source_retry = retry_of(shared.retry);
    if (shared.batch.events) {
      s.limits.read_events =
          std::min(static_cast<uint32_t>(*shared.batch.events), s.limits.in_flight_events);
    }
    if (shared.batch.bytes.bytes > 0) {
      s.limits.read_bytes = std::min<size_t>(shared.batch.bytes.bytes, s.limits.in_flight_bytes);
    }
    if (!s.has_checkpoint && s.source.progress == Progress::saved) {
      built_.warnings.push_back(fmt::format(
          "{}: source {} has no `checkpoint`: after a restart it begins anew, and what was "
          "delivered comes again",
          plan_.name, shared.name));
    }
    return decoder();
  }

  // raw, and the formats that a source has by itself ("" and event), need no decoder.
  Result<> decoder() {
    const std::string& by_default = plan_.source.component.entry->default_format;
    FormatPlan format;
    format.mark = plan_.source.component.mark;
    if (plan_.source.format) {
      format = *plan_.source.format;
      if (by_default.empty()) {
        return fatal(fmt::format("{}: source {} takes no `format`: it gives events",
                                 to_string(format.mark), plan_.source.component.connector));
      }
    } else if (by_default != "event") {
      format.name = by_default;
    }
    if (format.name.empty() || format.name == "raw") {
      return {};
    }
    const auto entry = registry_.decoders.find(format.name);
    if (entry == registry_.decoders.end()) {
      return fatal(fmt::format("{}: source {}: its default format `{}` is not in this build",
                               to_string(format.mark), plan_.source.component.connector,
                               format.name));
    }
    TRY(built_.assembly.decoder,
        placed(entry->second.make(format.options, context(plan_.source.shared.name)), format.mark,
               "format " + format.name));
    return {};
  }

  Result<> transforms() {
    if (!plan_.source.shared.when.empty()) {
      TRY(Pattern pattern, Pattern::parse(plan_.source.shared.when));
      built_.assembly.transforms.push_back(std::make_unique<SourceFilter>(std::move(pattern)));
    }
    for (const TransformPlan& plan : plan_.transforms) {
      if (plan.component.settings.is_known()) {
        take(transform(plan));
      }
    }
    return {};
  }

  Result<> transform(const TransformPlan& plan) {
    TRY(std::unique_ptr<Transform> transform,
        make(plan.component, context(plan.shared.name), "transform"));
    built_.assembly.transforms.push_back(std::move(transform));
    return {};
  }

  Result<std::shared_ptr<const Encoder>> encoder(const FormatPlan& format, const Context& context) {
    const auto entry = registry_.encoders.find(format.name);
    if (entry == registry_.encoders.end()) {
      return nullptr;
    }
    TRY(std::unique_ptr<Encoder> made,
        placed(entry->second.make(format.options, context), format.mark, "format " + format.name));
    return std::shared_ptr<const Encoder>(std::move(made));
  }

  Result<std::unique_ptr<Sink>> make_sink(const SinkPlan& plan, Context& with) {
    with.tls = plan.shared.tls.files();
    TRY(certificates(plan.shared.tls, plan.component.mark, "sink " + plan.component.connector));
    FormatPlan format;
    format.mark = plan.component.mark;
    format.name = plan.component.entry->default_format;
    if (plan.format && format.name.empty()) {
      return fatal(fmt::format("{}: sink {} takes no `format`", to_string(plan.format->mark),
                               plan.component.connector));
    }
    TRY(with.encoder, encoder(plan.format.value_or(format), with));
    return make(plan.component, with, "sink");
  }

  RefreshingSink::Remake remake(const SinkPlan& plan, const Context& with) const {
    return [entry = plan.component.entry, settings = plan.component.settings,
            values = options_.values, with]() mutable -> Result<std::unique_ptr<Sink>> {
      TRY(const bool has_changed, config::read_again(settings, with.files, values));
      if (!has_changed) {
        return nullptr;
      }
      with.log.info(with.where, "refused; a value that has changed meanwhile was read again");
      return entry->make(settings, with);
    };
  }

  Result<> sink(const SinkPlan& plan) {
    engine::BuiltSink built;
    Context with = context(plan.shared.name);
    TRY(built.sink, make_sink(plan, with));
    if (config::has_file_values(plan.component.settings)) {
      built.sink = std::make_unique<RefreshingSink>(std::move(built.sink), remake(plan, with));
    }
    const SinkFields& shared = plan.shared;
    engine::SinkSpec s;
    s.name = shared.name;
    s.traits = built.sink->traits();
    TRY(sizes(plan, s));
    s.retry = retry_of(shared.retry);
    s.on_reject = on_reject_of(shared.on_reject, spec().has_dead_letter);
    s.rate = shared.rate;
    s.selection = selection_of(plan_, plan);
    if (!shared.when.empty()) {
      TRY(Pattern pattern, Pattern::parse(shared.when));
      built.when = [kept = std::move(pattern)](const Event& event) { return kept.matches(event); };
    }
    built_.assembly.sinks.push_back(std::move(built));
    spec().sinks.push_back(std::move(s));
    return {};
  }

  Result<> sizes(const SinkPlan& plan, engine::SinkSpec& s) {
    const SinkFields& shared = plan.shared;
    const auto too_much = [&](std::string_view key, const auto& given, const auto& most) {
      return fatal(fmt::format("{}: sink {}: `{}` of {} is more than the {} it takes at once",
                               to_string(plan.component.mark), s.name, key, given, most));
    };
    if (shared.batch.events && *shared.batch.events > s.traits.events_max) {
      return too_much("batch.events", *shared.batch.events, s.traits.events_max);
    }
    if (shared.batch.bytes.bytes > s.traits.bytes_max) {
      return too_much("batch.bytes", shared.batch.bytes.bytes, s.traits.bytes_max);
    }
    if (shared.lanes && *shared.lanes > s.traits.lanes_max) {
      return too_much("lanes", *shared.lanes, s.traits.lanes_max);
    }
    s.batch_events = static_cast<uint32_t>(shared.batch.events.value_or(s.traits.events_max));
    s.batch_bytes = shared.batch.bytes.bytes > 0 ? shared.batch.bytes.bytes : s.traits.bytes_max;
    s.batch_wait = shared.batch.wait.value_or(s.traits.wait);
    s.lanes = static_cast<uint32_t>(shared.lanes.value_or(s.traits.lanes));
    return {};
  }

  Plan plan_;
  const Registry& registry_;
  const Context& base_;
  const BuildOptions& options_;
  config::Problems problems_;
  Built built_;
};

}  // namespace

Result<Built> build(const config::Node& file, const Registry& registry, const Context& base,
                    const BuildOptions& options) {
  TRY(Plan plan, make_plan(file, registry));
  const size_t sinks = plan.sinks.size();
  TRY(Built built, Builder(std::move(plan), registry, base, options).run());
  CHECK(built.assembly.source != nullptr);
  CHECK(built.assembly.sinks.size() == sinks);
  return built;
}

Result<Built> build_replay(const config::Node& file, const Registry& registry, const Context& base,
                           ReplayOptions options) {
  TRY(Plan plan, make_plan(file, registry));
  const BuildOptions none;
  return Builder(std::move(plan), registry, base, none).run_replay(std::move(options));
}

Result<SourceTraits> source_traits(const config::Node& file, const Registry& registry,
                                   const Context& base) {
  TRY(Plan plan, make_plan(file, registry));
  const BuildOptions none;
  return Builder(std::move(plan), registry, base, none).run_source();
}

Result<std::vector<std::string>> check(const config::Node& file, const Registry& registry,
                                       const Context& base, const BuildOptions& options) {
  TRY(Plan plan, make_plan(file, registry));
  TRY(Built built, Builder(std::move(plan), registry, base, options).run());
  return std::move(built.warnings);
}

}  // namespace penstock::pipeline_file
