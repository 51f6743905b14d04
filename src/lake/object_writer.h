// ObjectWriter: the records of one object after the other on their way to the store, as one write()
// of a lake fills them. Owned by it; one thread.
#pragma once

#include <memory>
#include <string>

#include "lake/compress.h"
#include "lake/object_store.h"

namespace penstock::lake {

class ObjectWriter {
 public:
  // `text` is the buffer of the records, `compressor` null for plain objects; both outlive it.
  ObjectWriter(ObjectStore& store, const std::string& folder, uint32_t slot, std::string& text,
               Compressor* compressor)
      : store_(store), folder_(folder), slot_(slot), text_(text), compressor_(compressor) {
    text_.clear();
  }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  std::string& text() { return text_; }  // append a record here, then call appended()
  Result<> appended(std::string_view id);
  // From here on content_hash() is the SHA-256, in hex, of all records and their ids since the last
  // finish().
  void hash_content() { hashes_ = true; }
  std::string content_hash() const;
  // Makes the object durable under its name. False: the name is taken, and nothing was done.
  Result<bool> finish(const std::string& name);

 private:
  Result<> write(std::string_view bytes);

  ObjectStore& store_;
  const std::string& folder_;
  uint32_t slot_;
  std::string& text_;
  Compressor* compressor_;
  std::unique_ptr<ObjectDraft> draft_;  // while an object is being written
  std::string hash_;                    // of the text that has left the buffer, and of the ids
  bool hashes_ = false;
};

}  // namespace penstock::lake
