#include "engine/refreshing_sink.h"

namespace penstock::engine {

std::shared_ptr<Sink> RefreshingSink::current() const {
  const std::scoped_lock lock(mutex_);
  return sink_;
}

Result<> RefreshingSink::open(const Resume& resume, Stop stop) {
  resume_ = resume;
  return current()->open(resume, std::move(stop));
}

// Null where there is nothing new, or where it cannot be had: the refusal says more than that.
std::shared_ptr<Sink> RefreshingSink::renewed(const Sink* refused, const Stop& stop) {
  const std::scoped_lock lock(renewing_);
  if (const std::shared_ptr<Sink> sink = current(); sink.get() != refused) {
    return sink;  // another lane was here first
  }
  Result<std::unique_ptr<Sink>> made = remake_();
  if (!made || *made == nullptr || !(*made)->open(resume_, stop)) {
    return nullptr;
  }
  const std::scoped_lock swap(mutex_);
  sink_ = *std::move(made);
  return sink_;
}

Result<std::vector<Failure>> RefreshingSink::write(const Batch& batch, Stop stop) {
  const std::shared_ptr<Sink> sink = current();
  Result<std::vector<Failure>> result = sink->write(batch, stop);
  Batch refused = batch;
  std::vector<uint32_t> places;  // in `batch`, of the events of `refused`
  std::vector<Failure> others;
  if (result) {
    refused.events.clear();
    for (Failure& failure : *result) {
      if (failure.error.kind == Error::Kind::fatal) {
        refused.events.push_back(batch.events[failure.index]);
        places.push_back(failure.index);
      } else {
        others.push_back(failure);
      }
    }
  } else if (result.error().kind != Error::Kind::fatal) {
    return result;
  }
  if (refused.events.empty()) {
    return result;
  }
  const std::shared_ptr<Sink> fresh = renewed(sink.get(), stop);
  if (fresh == nullptr) {
    return result;
  }
  Result<std::vector<Failure>> again = fresh->write(refused, std::move(stop));
  if (!again || !result) {
    return again;
  }
  for (Failure& failure : *again) {
    others.push_back({places[failure.index], std::move(failure.error)});
  }
  return others;
}

}  // namespace penstock::engine
