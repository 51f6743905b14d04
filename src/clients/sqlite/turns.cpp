#include "clients/sqlite/turns.h"

#include "base/check.h"

namespace penstock::sqlite {

Result<> Turns::take(const Stop& stop) {
  const MutexLock lock(mutex_);
  const uint64_t mine = next_++;
  tickets_.push_back(mine);
  if (changed_.wait_for(mutex_, stop, kWaitMax,
                        [&]() REQUIRES(mutex_) { return tickets_.front() == mine; })) {
    return {};
  }
  std::erase(tickets_, mine);  // it was not the first: nobody's turn comes by that
  if (stop.stop_requested()) {
    return fail(Error::Kind::cancelled, "stopped");
  }
  return transient("its other writers in this process take too long");
}

void Turns::give_back() {
  const MutexLock lock(mutex_);
  CHECK(!tickets_.empty());
  tickets_.pop_front();
  changed_.notify_all();
}

size_t Turns::size() {
  const MutexLock lock(mutex_);
  return tickets_.size();
}

}  // namespace penstock::sqlite
