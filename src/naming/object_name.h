// Object names of a lake, local or S3: an object holds events of one part, in order, and its name
// says which: the part, the first and the last `order`. So a listing tells what is already there,
// and a replay writes nothing twice. Pure, no I/O; one thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock {

// The part's text as it stands in object names: legal in a file name, of at most 100 bytes, and
// never the same for two parts.
std::string object_part(std::string_view part);

// "<part>_<first>_<last>.<extension>", the orders in hex, so that the names of a part sort in its
// order. `part` comes from object_part(). `fatal` when an order is empty or too long for a name.
Result<std::string> object_name(std::string_view part, std::string_view first,
                                std::string_view last, std::string_view extension);

// Names that cover nothing: of replayed dead letters and of sources without a durable order.
std::string replay_object_name(std::string_view part, uint64_t hash_high, uint64_t hash_low,
                               std::string_view extension);
std::string unique_object_name(std::string_view part, int64_t micros, uint64_t chance,
                               std::string_view extension);

struct ObjectName {
  std::string part;   // as object_part() made it
  std::string first;  // the orders' bytes
  std::string last;
};
// nullopt for a name that object_name() did not make.
std::optional<ObjectName> parse_object_name(std::string_view name);

// What the objects of one folder hold.
class Coverage {
 public:
  void add(std::string_view name);  // of an object in the folder; others are ignored
  bool covers(std::string_view part, std::string_view order);
  // Nothing of this part: covers() needs no call.
  bool is_empty_for(std::string_view part) const;

 private:
  struct Range {
    std::string first;
    std::string last;  // of this and all ranges before it, once sorted
  };
  struct Ranges {
    std::vector<Range> ranges;  // by first, once sorted
    bool sorted = false;
  };
  static bool covers(Ranges& ranges, std::string_view order);
  std::map<std::string, Ranges, std::less<>> parts_;
};

// The orders of the object that is being filled. An event of the folder that does not go into it
// (rejected, or covered by another object) is a gap, and an object never spans a gap: a listing
// would take the rejected event for written.
class ObjectRange {
 public:
  bool empty() const { return empty_; }
  void add(std::string_view order);
  bool ends_at_gap() const;  // finish the object before the next add()
  void clear() { empty_ = true; }
  const std::string& first() const { return first_; }
  const std::string& last() const { return last_; }

 private:
  bool empty_ = true;
  std::string first_;
  std::string last_;
};

}  // namespace penstock
