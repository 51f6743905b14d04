// Shared: what several components of a process use as one: one object for a type and a key. The
// last user frees it. Owned by the program; any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <typeindex>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"

namespace penstock {

class Shared {
 public:
  // The object of this type and key that lives, else what make() gives: a Result with a
  // unique_ptr<T>. It is called once, without a lock; who asks meanwhile waits for it, until the
  // stop. What it fails with goes to its caller and is not kept: who waited calls its own.
  template <class T, class Make>
  Result<std::shared_ptr<T>> get(const std::string& key, const Stop& stop, Make make) {
    const Key of{std::type_index(typeid(T)), key};
    TRY(std::shared_ptr<void> known, known_or_making(of, stop));
    if (known != nullptr) {
      return std::static_pointer_cast<T>(std::move(known));
    }
    Making making{*this, of};
    TRY(std::unique_ptr<T> made, make());
    std::shared_ptr<T> object = std::move(made);
    making.object = object;
    return object;
  }

 private:
  using Key = std::pair<std::type_index, std::string>;
  struct Kept {
    std::weak_ptr<void> object;
    bool is_made_now = false;
  };
  struct Making {  // ends it in any case
    ~Making() { shared.made(key, object); }
    Shared& shared;
    const Key& key;
    std::shared_ptr<void> object = nullptr;
  };

  // Null: the caller makes it, and then calls made().
  Result<std::shared_ptr<void>> known_or_making(const Key& key, const Stop& stop);
  void made(const Key& key, const std::shared_ptr<void>& object);

  Mutex mutex_;
  StoppableCondition changed_;
  std::map<Key, Kept> kept_ GUARDED_BY(mutex_);
};

}  // namespace penstock
