#include "core/rejected_keys.h"

#include "core/batch_request.h"

namespace penstock {

bool RejectedKeys::is_held_back(const Event& event, uint32_t index,
                                std::vector<Failure>& failures) const {
  if (!keys_.contains(event.order_key)) {
    return false;
  }
  Failure& failure = failures.emplace_back(index);
  failure.error.kind = Error::Kind::transient;
  failure.error.what = "an earlier change of its key was rejected";
  return true;
}

Result<> RejectedKeys::note(Result<> outcome, const Event& event, uint32_t index,
                            std::vector<Failure>& failures) {
  if (!outcome && !event.order_key.is_zero()) {
    keys_.insert(event.order_key);
  }
  return penstock::note(std::move(outcome), index, failures);
}

}  // namespace penstock
