#include "pipeline_file/refreshing_sink.h"

#include <algorithm>

namespace penstock::pipeline_file {

std::shared_ptr<Sink> RefreshingSink::current() const {
  const MutexLock lock(mutex_);
  return sink_;
}

Result<> RefreshingSink::open(const Resume& resume, Stop stop) {
  resume_ = resume;
  return current()->open(resume, std::move(stop));
}

// Null where there is nothing new, or where it cannot be had: the refusal says more than that.
std::shared_ptr<Sink> RefreshingSink::renewed(const Sink* refused, const Stop& stop) {
  const MutexLock lock(renewing_);
  if (const std::shared_ptr<Sink> sink = current(); sink.get() != refused) {
    return sink;  // another lane was here first
  }
  Result<std::unique_ptr<Sink>> made = remake_();
  if (!made || *made == nullptr || !(*made)->open(resume_, stop)) {
    return nullptr;
  }
  const MutexLock swap(mutex_);
  sink_ = *std::move(made);
  return sink_;
}

Result<std::vector<Failure>> RefreshingSink::write(const Batch& batch, Stop stop) {
  const std::shared_ptr<Sink> sink = current();
  Result<std::vector<Failure>> result = sink->write(batch, stop);
  if (!result) {
    if (result.error().kind != Error::Kind::fatal) {
      return result;
    }
    const std::shared_ptr<Sink> fresh = renewed(sink.get(), stop);
    return fresh == nullptr ? std::move(result) : fresh->write(batch, std::move(stop));
  }
  const auto is_fatal = [](const Failure& failure) {
    return failure.error.kind == Error::Kind::fatal;
  };
  if (std::ranges::none_of(*result, is_fatal)) {
    return result;
  }
  const std::shared_ptr<Sink> fresh = renewed(sink.get(), stop);
  if (fresh == nullptr) {
    return result;
  }
  Batch refused = batch;
  refused.events.clear();
  std::vector<uint32_t> places;  // in `batch`, of the events of `refused`
  for (const Failure& failure : *result) {
    if (is_fatal(failure)) {
      refused.events.push_back(batch.events[failure.index]);
      places.push_back(failure.index);
    }
  }
  std::erase_if(*result, is_fatal);
  Result<std::vector<Failure>> again = fresh->write(refused, std::move(stop));
  if (!again) {  // of these only: the others are durable, or have failed already
    for (const uint32_t place : places) {
      result->push_back({place, again.error()});
    }
    return result;
  }
  for (Failure& failure : *again) {
    result->push_back({places[failure.index], std::move(failure.error)});
  }
  return result;
}

}  // namespace penstock::pipeline_file
