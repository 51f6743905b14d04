// The token cursor and the BSON under construction, for both kinds of JSON.
#include "doc/reader.h"

#include <algorithm>
#include <new>
#include <span>

#include "base/check.h"
#include "doc/bson.h"

namespace penstock::doc {

namespace {

constexpr size_t kDepthLimit = 10'000;

}  // namespace

Result<> Reader::start(std::string_view padded_text, Arena& arena, const ParseOptions& options) {
  if (padded_text.size() > options.bytes_max) {
    return rejected("the JSON text of " + std::to_string(padded_text.size()) +
                    " bytes is longer than the " + std::to_string(options.bytes_max) + " allowed");
  }
  TRY(index_.build(padded_text));
  text_view_ = padded_text;
  text_ = padded_text.data();
  next_ = index_.offsets();
  end_ = next_ + index_.count();
  arena_ = &arena;
  options_ = options;
  return {};
}

bool Reader::fail_at(const uint32_t* token, std::string_view what) {
  const size_t offset = token < end_ ? *token : text_view_.size();
  error_ = "JSON text, byte " + std::to_string(offset) + ": ";
  error_ += token < end_ ? what : "it ends too early";
  return false;
}

// A kept string with escapes.
bool Reader::read_escaped_text(std::string_view& text) {
  char* const copy = arena_->allocate(text.size() + 16);
  const char* const end = copy_string(text.data(), text.data() + text.size(), copy);
  if (end == nullptr) {
    return fail_at(next_, "a string with a wrong escape");
  }
  text = {copy, static_cast<size_t>(end - copy)};
  return true;
}

void Reader::reset_document() {
  out_.clear();
  depth_max_ = std::clamp<size_t>(static_cast<size_t>(options_.depth_max), 1, kDepthLimit);
  if (frames_.size() < depth_max_ + 1) {
    frames_.resize(depth_max_ + 1);
  }
  top_ = frames_.data();
  losses_.clear();
  loss_text_.clear();
}

// At the opening bracket; `name` is where the value's name is in the scratch.
bool Reader::open(Tag tag, size_t name) {
  if (static_cast<size_t>(top_ - frames_.data()) >= depth_max_) [[unlikely]] {
    return fail_at(next_,
                   "nested deeper than the " + std::to_string(depth_max_) + " levels allowed");
  }
  ++next_;
  char* const at = out_.reserve(4);
  *++top_ = {out_.size(), name, 0, tag == Tag::array ? ']' : '}', 0, 0};
  out_.advance_to(at + 4);
  return true;
}

void Reader::close_array() {
  char* const at = out_.reserve(1);
  *at = '\0';
  out_.advance_to(at + 1);
  const size_t start = top_->start;
  --top_;
  const auto size = static_cast<uint32_t>(out_.size() - start);
  std::memcpy(out_.from(start), &size, sizeof size);
}

// Has the frame's object a value of that name, before the one that is being read?
bool Reader::is_repeated(const Frame& frame, std::string_view name) {
  const char* at = out_.from(frame.start + 4);
  for (uint32_t i = 1; i < frame.count; ++i) {
    const auto type = static_cast<Type>(*at++);
    const std::string_view other = at;
    if (other == name) {
      return true;
    }
    at += other.size() + 1;
    at += bson_value_size(type, reinterpret_cast<const uint8_t*>(at));
  }
  return false;
}

// All at once, so that no object is slow to check.
bool Reader::has_repeated_names(const Frame& frame) {
  const Document document(reinterpret_cast<const uint8_t*>(out_.from(frame.start)));
  std::vector<std::string_view> names;
  for (const Element& element : Elements(document)) {
    names.push_back(element.name);
  }
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// A name that is long or has escapes, without the NUL behind it.
bool Reader::write_long_name(const char* begin, const char* end) {
  const auto size = static_cast<size_t>(end - begin);
  char* const name = out_.reserve(size + 1);
  const char* const name_end = copy_string(begin, end, name);
  if (name_end == nullptr) {
    return fail_at(next_, "a name with a wrong escape");
  }
  const auto copied = static_cast<size_t>(name_end - name);
  out_.advance_to(name + copied);
  if (copied != size && std::memchr(name, '\0', copied) != nullptr) {
    replace_nul(out_.position(name));
  }
  return true;
}

// BSON names cannot hold NUL: each becomes U+2400, and the name as it was a loss.
void Reader::replace_nul(size_t name) {
  constexpr std::string_view kSymbol = "\xE2\x90\x80";
  const std::string exact(out_.view(name));
  std::string replaced;
  for (const char c : exact) {
    if (c == '\0') {
      replaced += kSymbol;
    } else {
      replaced += c;
    }
  }
  out_.truncate(name);
  char* const at = out_.at();  // a NUL's escape in the text is longer than its symbol
  *std::copy(replaced.begin(), replaced.end(), at) = '\0';  // add_loss() reads it
  add_loss(Loss::Type::name, exact);
  out_.advance_to(at + replaced.size());
}

void Reader::add_loss(Loss::Type type, std::string_view text) {
  const auto add_name = [&](size_t name) {
    loss_text_ += '/';
    for (const char* c = out_.from(name); *c != '\0'; ++c) {
      if (*c == '~' || *c == '/') {
        loss_text_ += *c == '~' ? "~0" : "~1";
      } else {
        loss_text_ += *c;
      }
    }
  };
  PendingLoss loss{type, loss_text_.size(), 0, 0};
  // The document itself has no name.
  for (const Frame* frame = frames_.data() + 2; frame <= top_; ++frame) {
    add_name(frame->name);
  }
  add_name(element_name_);
  loss.text = loss_text_.size();
  loss_text_ += text;
  loss.end = loss_text_.size();
  losses_.push_back(loss);
}

Document Reader::take() {
  const std::string_view bson = out_.view(0);
  CHECK(top_ == frames_.data());
  char* const bytes = arena_->allocate(bson.size());
  std::memcpy(bytes, bson.data(), bson.size());
  const auto* const data = reinterpret_cast<const uint8_t*>(bytes);
  if (losses_.empty()) {
    return Document(data);
  }
  const std::string_view text = arena_->copy(loss_text_);
  char* const room =
      arena_->allocate(sizeof(std::span<const Loss>) + losses_.size() * sizeof(Loss));
  auto* const first = reinterpret_cast<Loss*>(room + sizeof(std::span<const Loss>));
  Loss* next = first;
  for (const PendingLoss& loss : losses_) {
    new (next++) Loss{text.substr(loss.path, loss.text - loss.path), loss.type,
                      text.substr(loss.text, loss.end - loss.text)};
  }
  const auto* const span = new (room) std::span<const Loss>(first, losses_.size());
  return Document(data, span);
}

}  // namespace penstock::doc
