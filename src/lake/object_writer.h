// ObjectWriter: one object on its way to the disk, under a temporary name until all of it is
// durable. Owned by one write() of the files sink; one thread.
#pragma once

#include <string>

#include "base/files.h"
#include "base/hash.h"
#include "connectors/files/compress.h"

namespace penstock::files {

class ObjectWriter {
 public:
  // `text` is the buffer of the records, `compressor` null for plain objects; both outlive it.
  ObjectWriter(Files& files, std::string folder, std::string temporary_name, std::string& text,
               Compressor* compressor)
      : files_(files),
        folder_(std::move(folder)),
        temporary_(folder_ + "/" + temporary_name),
        text_(text),
        compressor_(compressor) {
    text_.clear();
  }
  ~ObjectWriter();  // takes an unfinished temporary file away
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  std::string& text() { return text_; }  // append a record here, then call appended()
  Result<> appended(std::string_view id);
  // From here on content_hash() is the hash of all records and their ids since the last finish().
  void hash_content() { hashes_ = true; }
  Hash128 content_hash() const;
  // Makes the object durable under its name. False: the name is taken, and nothing was done.
  Result<bool> finish(const std::string& name);

 private:
  Result<> write(std::string_view bytes);

  Files& files_;
  std::string folder_;
  std::string temporary_;
  std::string& text_;
  Compressor* compressor_;
  std::unique_ptr<File> file_;  // open while an object is being written
  bool exists_ = false;         // the temporary file may be there
  uint64_t size_ = 0;
  Hash128 hash_;  // of the text that has left the buffer, and of the ids
  bool hashes_ = false;
};

}  // namespace penstock::files
