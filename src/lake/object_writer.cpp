#include "lake/object_writer.h"

#include "base/sha256.h"

namespace penstock::lake {

namespace {

constexpr size_t kFlushBytes = size_t{256} << 10;  // stays in the cache of a core

// A chain of hashes; what each link is of is told by a letter.
std::string link(const std::string& before, char what, std::string_view bytes) {
  std::string text = before;
  text.push_back(what);
  text.append(bytes);
  return sha256_hex(text);
}

}  // namespace

Result<> ObjectWriter::appended(std::string_view id) {
  if (hashes_) {
    hash_ = link(hash_, 'i', id);
  }
  if (compressor_ != nullptr || text_.size() < kFlushBytes) {
    return {};
  }
  if (hashes_) {
    hash_ = link(hash_, 't', text_);
  }
  TRY(write(text_));
  text_.clear();
  return {};
}

std::string ObjectWriter::content_hash() const {
  return link(hash_, 't', text_);
}

Result<bool> ObjectWriter::finish(const std::string& name) {
  if (compressor_ != nullptr) {
    TRY(const std::string_view compressed, compressor_->compress(text_));
    TRY(write(compressed));
  } else {
    TRY(write(text_));
  }
  text_.clear();
  hash_.clear();
  const std::unique_ptr<ObjectDraft> draft = std::move(draft_);
  return draft->finish(name);
}

Result<> ObjectWriter::write(std::string_view bytes) {
  if (draft_ == nullptr) {
    draft_ = store_.begin(folder_, slot_);
  }
  return draft_->append(bytes);
}

}  // namespace penstock::lake
