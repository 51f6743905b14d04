// A registry of components that do nothing, for tests of what is built from a configuration. The
// settings say which traits they have. Owned by the test; one thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/registry.h"

namespace penstock::pipeline_file {

struct AnySettings {
  std::string path, listen, url, inbox, traits, secret;
  std::string compression = "none";
  void fields(config::FieldVisitor& v) {
    v.field("path", path, {.doc = "Where.", .required = true});
    v.field("listen", listen, {.doc = "Address."});
    v.field("url", url, {.doc = "Address."});
    v.field("inbox", inbox, {.doc = "Folder."});
    v.field("compression", compression, {.doc = "How.", .choices = {"none", "gzip"}});
    v.field("traits", traits, {.doc = "What the component is like."});
    v.field("password", secret, {.doc = "Word.", .secret = true});
  }
};
struct FreeSettings {  // nothing is required
  std::string path, listen, url, inbox, traits;
  void fields(config::FieldVisitor& v) {
    v.field("path", path, {.doc = "Where."});
    v.field("listen", listen, {.doc = "Address."});
    v.field("url", url, {.doc = "Address."});
    v.field("inbox", inbox, {.doc = "Folder."});
    v.field("traits", traits, {.doc = "What the component is like."});
  }
};

class AnySource final : public Source {
 public:
  using Settings = FreeSettings;
  static inline int made = 0;
  static Result<std::unique_ptr<Source>> make(Settings settings, const Context& context) {
    ++made;
    if (settings.traits == "broken") {
      return fatal("listen 127.0.0.1:1: in use");
    }
    return std::make_unique<AnySource>(std::move(settings), context.where);
  }
  AnySource(Settings settings, std::string where)
      : settings_(std::move(settings)), where_(std::move(where)) {}
  SourceTraits traits() const override {
    SourceTraits traits;
    traits.progress = !settings_.inbox.empty()            ? Progress::source_owned
                      : settings_.traits == "no position" ? Progress::none
                                                          : Progress::saved;
    traits.starts_latest = settings_.traits == "starts latest";
    return traits;
  }
  std::string fingerprint() const override { return "any:" + where_; }
  Result<std::vector<Part>> parts(const Checkpoint&, Stop) override { return std::vector<Part>{}; }
  Result<std::unique_ptr<Reader>> open(const Part&, const std::optional<Position>&, Signal,
                                       Stop) override {
    return fatal("nothing to read");
  }

 private:
  Settings settings_;
  std::string where_;
};

struct WithEncoder {  // what a sink was made with
  std::shared_ptr<const Encoder> encoder;
};

template <class S>
class AnySink final : public Sink, public WithEncoder {
 public:
  using Settings = S;
  static Result<std::unique_ptr<Sink>> make(Settings settings, const Context& context) {
    return std::make_unique<AnySink>(std::move(settings), context.encoder);
  }
  AnySink(Settings settings, std::shared_ptr<const Encoder> made_with)
      : WithEncoder{std::move(made_with)}, settings_(std::move(settings)) {}
  SinkTraits traits() const override {
    SinkTraits traits;
    traits.bytes_max = size_t{16} << 20;
    return traits;
  }
  Result<> open(const Resume&, Stop) override { return {}; }
  Result<std::vector<Failure>> write(const Batch&, Stop) override { return std::vector<Failure>{}; }

 private:
  Settings settings_;
};

template <char name>
class AnyEncoder final : public Encoder {
 public:
  struct Settings {
    std::string style = "plain";
    void fields(config::FieldVisitor& v) {
      v.field("style", style, {.doc = "How.", .choices = {"plain", "fancy"}});
    }
  };
  static Result<std::unique_ptr<Encoder>> make(Settings, const Context&) {
    return std::make_unique<AnyEncoder>();
  }
  Result<> encode(const Event&, std::string& out) const override {
    out += name;
    return {};
  }
  std::string_view content_type() const override { return "text/plain"; }
};

class AnyDecoder final : public Decoder {
 public:
  struct Settings {
    void fields(config::FieldVisitor&) {}
  };
  static Result<std::unique_ptr<Decoder>> make(Settings, const Context&) {
    return std::make_unique<AnyDecoder>();
  }
  Result<> decode(Event&, Arena&) const override { return {}; }
};

class AnyTransform final : public Transform {
 public:
  struct Settings {
    std::string format, on_error = "reject";
    void fields(config::FieldVisitor& v) {
      v.field("format", format, {.doc = "Of what.", .required = true, .choices = {"json"}});
      v.field("on_error", on_error, {.doc = "What then.", .choices = {"reject", "keep"}});
    }
  };
  static Result<std::unique_ptr<Transform>> make(Settings, const Context&) {
    return std::make_unique<AnyTransform>();
  }
  Result<> apply(const Event& in, Arena&, std::vector<Event>& out) const override {
    out.push_back(in);
    return {};
  }
};

class AnyStore final : public CheckpointStore, public DeadLetterStore {
 public:
  Result<Lease> lease(Stop) override { return Lease{}; }
  Result<std::optional<Checkpoint>> load(Stop) override { return std::nullopt; }
  Result<> save(const Changes&, Stop) override { return {}; }
  Result<> release(Stop) override { return {}; }
  Result<> open(const std::string&, Stop) override { return {}; }
  Result<> write(std::span<const DeadLetter>, Stop) override { return {}; }
};
struct AnyCheckpoint {
  using Settings = AnySettings;
  static Result<std::unique_ptr<CheckpointStore>> make(Settings, const Context&) {
    return std::make_unique<AnyStore>();
  }
};
struct AnyDeadLetter {
  using Settings = AnySettings;
  static Result<std::unique_ptr<DeadLetterStore>> make(Settings, const Context&) {
    return std::make_unique<AnyStore>();
  }
};

inline Registry test_registry() {
  Registry r;
  Registry::add<AnySource>(r.sources, "firehose", "Takes records.");
  Registry::add<AnySource>(r.sources, "event_store", "Follows a store.");
  Registry::add<AnySink<AnySettings>>(r.sinks, "files", "Writes files.");
  Registry::add<AnySink<AnySettings>>(r.sinks, "event_store", "Keeps events.");
  Registry::add<AnySink<FreeSettings>>(r.sinks, "http", "Posts events.");
  Registry::add<AnySink<FreeSettings>>(r.sinks, "stdout", "Prints events.");
  r.sources.find("event_store")->second.default_format = "";
  r.sources.find("firehose")->second.default_format = "raw";
  r.sinks.find("event_store")->second.default_format = "raw";
  r.sinks.find("http")->second.default_format = "";
  Registry::add<AnyEncoder<'e'>>(r.encoders, "event", "The envelope.");
  Registry::add<AnyEncoder<'r'>>(r.encoders, "raw", "As it came.");
  Registry::add<AnyEncoder<'c'>>(r.encoders, "cloudevents", "CloudEvents.");
  Registry::add<AnyDecoder>(r.decoders, "dynamodb", "Change records.");
  Registry::add<AnyTransform>(r.transforms, "parse", "Reads payloads.");
  Registry::add<AnyCheckpoint>(r.checkpoints, "sqlite", "In a file.");
  Registry::add<AnyDeadLetter>(r.dead_letters, "files", "In a folder.");
  return r;
}

}  // namespace penstock::pipeline_file
