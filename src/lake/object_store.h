// ObjectStore: where the objects of a lake are, a local disk or a bucket. An object appears whole,
// under a name that nobody had, or not at all, and is never changed. Made for one sink and owned by
// it. open() comes before all else and again for each later run; the other calls come from several
// threads, one a slot.
//
// What a bucket needs: a draft is held in memory (its name is known when it is whole, and a batch
// bounds it), finish() puts it on condition that the key is free, list() pages over a prefix, and
// there is nothing to sync and no half object to take away.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/source.h"

namespace penstock::lake {

class ObjectDraft {  // an object on its way; unless it is finished, nothing of it stays
 public:
  virtual ~ObjectDraft() = default;
  virtual Result<> append(std::string_view bytes) = 0;
  // Makes it durable under its name. False: the name is taken, and nothing was done; also where an
  // earlier finish() took effect and its answer was lost.
  virtual Result<bool> finish(const std::string& name) = 0;
};

class ObjectStore {
 public:
  struct Opening {
    std::string owner;         // of the half objects of this sink, in all its runs
    std::string old_owner;     // by which versions before ADR 0015 told them; "": not to be known
    std::string fixed_folder;  // all folders begin with it; may be empty
    int64_t run = 0;           // unlike in every other run
  };
  using Visit = std::function<void(std::string_view name)>;  // of an object, not its path

  virtual ~ObjectStore() = default;
  virtual size_t name_bytes_max() const = 0;  // of an object, without its folder
  // A forbidden place is an error here, not at the first write.
  virtual Result<> open(const Opening& opening, Stop stop) = 0;
  // Before the first object of a slot in a folder: makes it, takes away what earlier runs of this
  // owner left half done, and visits the objects that are there, each of them as durable as if
  // finish() had just answered.
  virtual Result<> use(const std::string& folder, uint32_t slot, const Visit& visit, Stop stop) = 0;
  // Visits likewise, and changes nothing; a folder that is absent is empty.
  virtual Result<> list(const std::string& folder, const Visit& visit, Stop stop) = 0;
  // At most one draft a slot at a time.
  virtual std::unique_ptr<ObjectDraft> begin(const std::string& folder, uint32_t slot) = 0;
};

}  // namespace penstock::lake
