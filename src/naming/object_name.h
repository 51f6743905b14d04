// Object names of a lake, local or S3: an object holds events of one part, in order, and its name
// says which: the part, the first and the last `order`, and by which selection they were chosen. So
// a listing tells what is already there, and a replay writes nothing twice. Pure, no I/O; one
// thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock {

// What stands for a part of a sink in object names: "<pipeline>.<sink>.<part>", legal in a file
// name, of at most 100 bytes, and never the same for two parts or two sinks. A dot inside the names
// of pipeline and sink is escaped (ADR 0015).
struct PartOwner {
  std::string_view pipeline;
  std::string_view sink;
};
std::string object_part(PartOwner owner, std::string_view part);
// As object_part() was before ADR 0015: what stands in objects of then.
std::string old_object_part(PartOwner owner, std::string_view part);
// What every object_part() or old_object_part() of this owner begins with; others' may, too.
std::string object_prefix(PartOwner owner);
std::string old_object_prefix(PartOwner owner);
// Whether the old names may be another sink's as well.
bool has_ambiguous_old_names(PartOwner owner);

// What stands in names for a selection (Resume::selection, or what a sink makes of it).
std::string object_selection(std::string_view selection);

struct ObjectName {
  std::string part;   // as object_part() made it
  std::string first;  // the orders' bytes
  std::string last;
  std::string selection = {};  // as object_selection() made it; empty: an object of before ADR 0015
};

// "<part>_<first>_<last>.s<selection>.<extension>", the orders in hex, so that the names of a part
// sort in its order. `fatal` when an order is empty or the name has more than `bytes_max` bytes.
Result<std::string> object_name(const ObjectName& name, std::string_view extension,
                                size_t bytes_max);
// nullopt for a name that object_name() did not make.
std::optional<ObjectName> parse_object_name(std::string_view name);

// Names that cover nothing: of replayed dead letters (`content`: a hash of theirs, in hex) and of
// events without a durable order.
std::string replay_object_name(std::string_view part, std::string_view content,
                               std::string_view extension);
std::string unique_object_name(std::string_view part, int64_t micros, uint64_t chance,
                               std::string_view extension);

// What the objects of one folder hold.
class Coverage {
 public:
  // Of an object in the folder. `certain`: an event of the part within its orders is in it. Else it
  // may be: other filters chose its events, or another sink did.
  void add(std::string_view name, ObjectName parsed, bool certain);

  // Before the events of a batch from `order` on: forgets what ends before it. False: what was
  // forgotten is needed again, because the part has gone back; list the folder anew.
  bool begin_at(std::string_view part, std::string_view order);
  bool covers(std::string_view part, std::string_view order);  // by a certain object
  // The name of an object that may hold it; nullopt: none.
  std::optional<std::string> in_doubt(std::string_view part, std::string_view order);
  // Nothing of this part: the two above need no call.
  bool is_empty_for(std::string_view part) const;

  size_t bytes() const { return bytes_; }  // of memory, about

 private:
  struct Range {
    std::string first;
    std::string last;
    std::string name;     // of a doubtful object
    size_t furthest = 0;  // once sorted: which of the ranges up to this one ends last
  };
  class Ranges {
   public:
    bool empty() const { return ranges_.empty(); }
    void add(Range range);
    std::string last();                         // the greatest order; "" for none
    const Range* find(std::string_view order);  // one that holds it, or null

   private:
    void sort();
    std::vector<Range> ranges_;  // by first, once sorted
    bool sorted_ = true;
  };
  struct Part {
    Ranges certain;
    Ranges doubtful;
    std::string passed = {};  // the last order of those that begin_at() forgot
    size_t bytes = 0;
  };
  std::map<std::string, Part, std::less<>> parts_;
  size_t bytes_ = 0;
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
