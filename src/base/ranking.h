// Ranking: owners in the order of a value that changes, each with one value at a time; of equal
// values the lesser owner comes first. A change of a value allocates nothing. One thread at a time.
#pragma once

#include <map>
#include <set>
#include <utility>

namespace penstock {

template <class Owner, class Value>
class Ranking {
 public:
  struct Place {
    Value value;
    Owner owner;
    auto operator<=>(const Place&) const = default;
  };

  bool empty() const { return order_.empty(); }
  const Place& first() const { return *order_.begin(); }
  const Place& last() const { return *order_.rbegin(); }
  Value value_of(const Owner& owner, const Value& missing) const {
    const auto found = values_.find(owner);
    return found == values_.end() ? missing : found->second;
  }

  void set(const Owner& owner, const Value& value) {
    const auto [found, is_new] = values_.try_emplace(owner, value);
    if (is_new) {
      order_.insert({value, owner});
    } else if (found->second != value) {
      auto place = order_.extract({found->second, owner});
      place.value().value = value;
      order_.insert(std::move(place));
      found->second = value;
    }
  }

 private:
  std::map<Owner, Value> values_;
  std::set<Place> order_;
};

}  // namespace penstock
