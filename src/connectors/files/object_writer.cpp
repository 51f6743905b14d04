#include "connectors/files/object_writer.h"

namespace penstock::files {

namespace {

constexpr size_t kFlushBytes = size_t{256} << 10;  // stays in the cache of a core

}  // namespace

ObjectWriter::~ObjectWriter() {
  file_.reset();
  if (exists_) {
    // Best effort: a temporary file that stays is removed when its folder is used next.
    static_cast<void>(files_.remove(temporary_));
  }
}

Result<> ObjectWriter::appended(std::string_view id) {
  if (hashes_) {
    hash_ = hash128(id, hash_);
  }
  if (compressor_ != nullptr || text_.size() < kFlushBytes) {
    return {};
  }
  if (hashes_) {
    hash_ = hash128(text_, hash_);
  }
  TRY(write(text_));
  text_.clear();
  return {};
}

Hash128 ObjectWriter::content_hash() const {
  return hash128(text_, hash_);
}

Result<bool> ObjectWriter::finish(const std::string& name) {
  if (compressor_ != nullptr) {
    TRY(const std::string_view compressed, compressor_->compress(text_));
    TRY(write(compressed));
  } else {
    TRY(write(text_));
  }
  text_.clear();
  TRY(file_->sync());
  file_.reset();
  size_ = 0;
  hash_ = {};
  TRY(const bool renamed, files_.rename_new(temporary_, folder_ + "/" + name));
  if (!renamed) {
    return false;  // the destructor, or the next object, takes the temporary file
  }
  exists_ = false;
  TRY(files_.sync_folder(folder_));  // I1: the name counts once it cannot be forgotten
  return true;
}

Result<> ObjectWriter::write(std::string_view bytes) {
  if (file_ == nullptr) {
    exists_ = true;
    TRY(file_, files_.open(temporary_, OpenMode::write));
    TRY(file_->truncate(0));
  }
  TRY(file_->write(size_, bytes));
  size_ += bytes.size();
  return {};
}

}  // namespace penstock::files
