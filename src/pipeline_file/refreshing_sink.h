// RefreshingSink: around a sink whose settings hold a ${file:…}. Where the sink is refused for
// good, the values are read again, and if one has changed, a sink with the new ones takes its
// place. Threads as of a Sink.
#pragma once

#include <functional>
#include <memory>

#include "base/mutex.h"
#include "core/sink.h"

namespace penstock::pipeline_file {

class RefreshingSink final : public Sink {
 public:
  // A sink with the values of now; null where none has changed. Not called twice at once.
  using Remake = std::function<Result<std::unique_ptr<Sink>>()>;

  RefreshingSink(std::unique_ptr<Sink> sink, Remake remake)
      : remake_(std::move(remake)), sink_(std::move(sink)) {}

  SinkTraits traits() const override { return current()->traits(); }
  Result<OrderKey> order_key(const Event& event) const override {
    return current()->order_key(event);
  }
  Result<> open(const Resume& resume, Stop stop) override;
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override;

 private:
  std::shared_ptr<Sink> current() const;
  std::shared_ptr<Sink> renewed(const Sink* refused, const Stop& stop);

  const Remake remake_;
  Resume resume_;
  Mutex renewing_ ACQUIRED_BEFORE(mutex_);  // one renews, others wait for its sink
  mutable Mutex mutex_;
  std::shared_ptr<Sink> sink_ GUARDED_BY(mutex_);
};

}  // namespace penstock::pipeline_file
