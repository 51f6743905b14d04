#include "core/shared.h"

namespace penstock {

Result<std::shared_ptr<void>> Shared::known_or_making(const Key& key, const Stop& stop) {
  const MutexLock lock(mutex_);
  std::erase_if(kept_, [](const auto& one) {
    return !one.second.is_made_now && one.second.object.expired();
  });
  if (!changed_.wait(mutex_, stop, [&]() REQUIRES(mutex_) { return !kept_[key].is_made_now; })) {
    return fail(Error::Kind::cancelled, "stopped");
  }
  Kept& kept = kept_[key];
  std::shared_ptr<void> object = kept.object.lock();
  kept.is_made_now = object == nullptr;
  return object;
}

void Shared::made(const Key& key, const std::shared_ptr<void>& object) {
  const MutexLock lock(mutex_);
  if (object == nullptr) {
    kept_.erase(key);
  } else {
    kept_[key] = {.object = object, .is_made_now = false};
  }
  changed_.notify_all();
}

}  // namespace penstock
