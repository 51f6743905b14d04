// Registry: the connectors, codecs, transforms and stores of this build, by kind and name.
// Filled once at start by register_*() functions; then read by any thread. No static initialisers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "config/read_fields.h"
#include "core/checkpoint_store.h"
#include "core/codec.h"
#include "core/context.h"
#include "core/dead_letter.h"
#include "core/sink.h"
#include "core/source.h"
#include "core/transform.h"

namespace penstock {

// What one name stands for. `make` reads its settings from the node and builds it; `check` only
// reads the settings (for disabled components and `penstock check`).
template <class T>
struct Entry {
  std::string name;
  std::string doc;  // one or two sentences; the first says what it does
  std::function<void(config::FieldVisitor&)> fields;  // over default settings: for documentation
  std::function<Result<>(const config::Node&, const config::ReadOptions&)> check;
  std::function<Result<std::unique_ptr<T>>(const config::Node&, const Context&)> make;
  bool takes_tls = false;  // it uses Context::tls, so the key `tls` may stand beside it
  // Of a source and a sink: their `format` where the file names none; "": they take none.
  std::string default_format = "event";
};

class Registry {
 public:
  template <class T>
  using Entries = std::map<std::string, Entry<T>, std::less<>>;

  Entries<Source> sources;
  Entries<Sink> sinks;
  Entries<Decoder> decoders;  // `format:` of a source
  Entries<Encoder> encoders;  // `format:` of a sink
  Entries<Transform> transforms;
  Entries<CheckpointStore> checkpoints;
  Entries<DeadLetterStore> dead_letters;

  // C has `struct Settings { …; void fields(config::FieldVisitor&); };` and
  // `static Result<std::unique_ptr<C>> make(Settings, const Context&)`; where it takes `tls`, also
  // `static constexpr bool kTakesTls = true`; where its format is not `event` by default,
  // `static constexpr std::string_view kDefaultFormat`.
  template <class C, class T>
  static void add(Entries<T>& entries, const std::string& name, std::string doc) {
    using Settings = typename C::Settings;
    Entry<T> entry;
    entry.takes_tls = requires { C::kTakesTls; };
    if constexpr (requires { C::kDefaultFormat; }) {
      entry.default_format = C::kDefaultFormat;
    }
    entry.name = name;
    entry.doc = std::move(doc);
    entry.fields = [](config::FieldVisitor& visitor) { Settings{}.fields(visitor); };
    entry.check = [name](const config::Node& node, const config::ReadOptions& options) {
      Settings settings;
      return config::read_fields(
          node, name, [&](config::FieldVisitor& v) { settings.fields(v); }, options);
    };
    entry.make = [name](const config::Node& node,
                        const Context& context) -> Result<std::unique_ptr<T>> {
      Settings settings;
      TRY(config::read_fields(node, name, [&](config::FieldVisitor& v) { settings.fields(v); }));
      return C::make(std::move(settings), context);
    };
    entries.emplace(name, std::move(entry));
  }
};

}  // namespace penstock
