#include "engine/folder.h"

#include "base/check.h"
#include "base/probe.h"

namespace penstock::engine {

Instant Folder::ready_at(Instant now, bool flush) const {
  if (again_ > 0) {
    return due_;
  }
  // What is before a cut can grow no more.
  const bool is_whole = !queue_.empty() && cuts_ > (queue_.front().is_cut ? 1U : 0U);
  return fresh_at(now, flush || is_whole);
}

void Folder::fill(Taken& taken, Instant /*now*/, bool /*flush*/, bool /*new_first*/) {
  taken.batch.reserve(again_ > 0 ? again_ : std::min(queue_.size(), events_max_));
  for (; again_ > 0; --again_) {
    taken.batch.push_back(pop_front());
  }
  if (!taken.batch.empty()) {
    return;
  }
  while (!queue_.empty() && fits(taken, queue_.front())) {
    const Item& next = queue_.front();
    const bool is_next_diverted = is_diverted(next);
    if (!taken.batch.empty() &&
        (next.is_cut || next.is_alone || taken.batch.back().is_alone || is_next_diverted)) {
      PROBE("gap_cuts_object");
      return;
    }
    if (is_next_diverted) {
      taken.diverted.push_back(pop_front());
    } else {
      add(pop_front(), taken);
    }
  }
}

WriteQueue::Finished Folder::finish(Instant now, const std::vector<Item>& batch,
                                    const std::vector<Outcome>& outcomes,
                                    const std::optional<Duration>& asked) {
  CHECK(batch.size() == outcomes.size());
  size_t held_back = 0;
  for (size_t i = batch.size(); i-- > 0;) {
    if (outcomes[i] == Outcome::failed || outcomes[i] == Outcome::held_back) {
      Item item = batch[i];
      item.is_alone = item.is_alone || outcomes[i] == Outcome::held_back;
      push_front(item);
      ++again_;
      held_back += outcomes[i] == Outcome::held_back ? 1 : 0;
    }
  }
  ended(batch.size(), again_);
  again_ = held_back > 0 ? 0 : again_;
  if (again_ < batch.size()) {
    forget(tries_);
    grow();
  }
  if (again_ == 0) {
    return {};
  }
  PROBE("folder_retried");
  due_ = failed(tries_, asked, now);
  return {.exhausted = are_exhausted(tries_, now) ? &batch.front() : nullptr,
          .failed_before = tries_.failed > 1};
}

void Folder::put_back(const std::vector<Item>& batch) {
  forget(tries_);
  for (size_t i = batch.size(); i-- > 0;) {
    push_front(batch[i]);
  }
}

}  // namespace penstock::engine
