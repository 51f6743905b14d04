#include "sim/lake.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "connectors/files/files_sink.h"
#include "testing/test_context.h"

namespace penstock::sim {

namespace {

// A line of the lake is the event's id.
class IdEncoder final : public Encoder {
 public:
  IdEncoder(World& world, uint32_t sink) : world_(world), sink_(sink) {}
  Result<> encode(const Event& event, std::string& out) const override {
    if (world_.event_of(event).rejected_by[sink_]) {
      return rejected("no good");
    }
    out += event.id;
    return {};
  }
  std::string_view content_type() const override { return "text/plain"; }

 private:
  World& world_;
  uint32_t sink_;
};

class WorldClock final : public Clock {
 public:
  explicit WorldClock(World& world) : world_(world) {}
  Instant now() override { return world_.now(); }
  Timestamp wall() override { return {world_.now().since_zero / 1us}; }

 private:
  World& world_;
};

class Lake final : public Sink {
 public:
  Lake(World& world, uint32_t index) : world_(world), index_(index), clock_(world) { make(); }

  SinkTraits traits() const override { return world_.plan().spec.sinks[index_].traits; }
  Result<OrderKey> order_key(const Event& event) const override { return real_->order_key(event); }
  Result<> open(const Resume& resume, Stop stop) override {
    resume_ = resume;
    return real_->open(resume, stop);
  }

  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override {
    Random& random = world_.random();
    const Plan& plan = world_.plan();
    const bool faulty = !world_.healed();
    const bool rejects = std::any_of(batch.events.begin(), batch.events.end(), [&](auto* e) {
      return world_.event_of(*e).rejected_by[index_];
    });
    if (faulty && random.chance(plan.whole)) {
      return transient("nothing of it was written");
    }
    if (rejects && random.chance(plan.reject_whole)) {
      return rejected("a record of the batch is no good");
    }
    Result<std::vector<Failure>> written = real_->write(batch, stop);
    if (faulty && random.chance(plan.ambiguous)) {
      // As after an error of its own, the sink no longer trusts what it knew of the folder.
      make();
      TRY(real_->open(resume_, stop));
      return transient("no answer: it may have been written");
    }
    return written;
  }

 private:
  void make() {
    const Context none = services_.with(world_.files());
    const Context context{clock_,
                          none.log,
                          world_.files(),
                          none.http,
                          none.server,
                          none.metrics,
                          none.shared,
                          "sim/lake",
                          world_.plan().seed,
                          std::make_shared<IdEncoder>(world_, index_)};
    files::FilesSink::Settings settings;
    settings.path = World::lake_path(index_) + "/{stream}";
    auto made = files::FilesSink::make(std::move(settings), context);
    CHECK(made.has_value());
    real_ = std::move(*made);
  }

  World& world_;
  uint32_t index_;
  Resume resume_;
  WorldClock clock_;
  TestContext services_;
  std::unique_ptr<Sink> real_;
};

}  // namespace

std::unique_ptr<Sink> make_lake(World& world, uint32_t sink) {
  return std::make_unique<Lake>(world, sink);
}

}  // namespace penstock::sim
