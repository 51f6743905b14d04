// EventStoreSink: each event becomes one row of the event store, once. Owned by the pipeline; the
// engine's one lane calls write().
#pragma once

#include <memory>
#include <string>

#include "config/fields.h"
#include "connectors/event_store/store.h"
#include "core/context.h"
#include "core/sink.h"

namespace penstock::event_store {

class EventStoreSink final : public Sink {
 public:
  static constexpr std::string_view kDefaultFormat = "raw";
  struct Settings {
    std::string path;
    void fields(config::FieldVisitor& v) {
      v.field("path", path,
              {.doc = "The file; made, with its folders, when it is missing.", .required = true});
    }
  };
  static Result<std::unique_ptr<Sink>> make(Settings settings, const Context& context);

  SinkTraits traits() const override;
  // Events without a key keep the order of their stream, also when a write is tried again.
  Result<OrderKey> order_key(const Event& event) const override;
  Result<> open(const Resume& resume, Stop stop) override;
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override;

 private:
  EventStoreSink(Settings settings, const Context& context)
      : settings_(std::move(settings)),
        files_(context.files),
        shared_(context.shared),
        hash_key_(context.hash_key) {}
  Result<> check_in_place() const;
  Result<bool> insert(const Event& event, int64_t sequence);  // false: the id is there already
  Result<> check_repeat(const Event& event);                  // `rejected` when it is another event
  std::string_view data_of(const Event& event);

  Settings settings_;
  Files& files_;
  Shared& shared_;
  HashKey hash_key_;
  Store store_;  // before the statements, which die first
  sqlite::Statement insert_;
  sqlite::Statement find_;
  sqlite::Statement last_;
  sqlite::Statement advance_;
  std::string json_;  // of the event at hand, where it has no bytes of its own
  std::string at_;
};

}  // namespace penstock::event_store
