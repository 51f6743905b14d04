// The token cursor and the BSON under construction, for both kinds of JSON.
#include "doc/reader.h"

#include <algorithm>
#include <new>
#include <span>

#include "base/check.h"

namespace penstock::doc {

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
  names_.clear();
  return {};
}

bool Reader::fail_at(const uint32_t* token, std::string_view what) {
  const size_t offset = token < end_ ? *token : text_view_.size();
  error_ = "JSON text, byte " + std::to_string(offset) + ": ";
  error_ += token < end_ ? what : "it ends too early";
  return false;
}

bool Reader::expect(char token, const char* what) {
  if (peek() != token || next_ >= end_) [[unlikely]] {
    return fail_at(next_, what);
  }
  ++next_;
  return true;
}

// Behind the last byte of the token, without the white space up to the next token.
const char* Reader::token_end(const uint32_t* token) const {
  const char* const begin = text_ + *token;
  const char* end = text_ + token[1];
  while (end > begin && is_space(end[-1])) {
    --end;
  }
  return end;
}

// The content of the string at `token`. Between a string's first quote and the next token there is
// only the string and white space, so its last quote is found from behind.
bool Reader::string_bounds(const uint32_t* token, const char*& begin, const char*& end) {
  begin = text_ + *token;
  end = text_ + token[1] - 1;
  if (*begin != '"') [[unlikely]] {
    return fail_at(token, "expected a string");
  }
  while (end > begin && *end != '"') {
    --end;
  }
  if (end <= begin) [[unlikely]] {
    return fail_at(token, "expected a string");
  }
  ++begin;
  return true;
}

bool Reader::read_text(std::string_view& out) {
  const char* begin = nullptr;
  const char* end = nullptr;
  if (!string_bounds(next_, begin, end)) {
    return false;
  }
  out = {begin, static_cast<size_t>(end - begin)};
  if (out.find('\\') != std::string_view::npos) {
    char* const copy = arena_->allocate(out.size() + 16);
    const char* const copy_end = copy_string(begin, end, copy);
    if (copy_end == nullptr) {
      return fail_at(next_, "a string with a wrong escape");
    }
    out = {copy, static_cast<size_t>(copy_end - copy)};
  }
  ++next_;
  return true;
}

bool Reader::read_name(std::string_view& out) {
  const uint32_t* const token = next_;
  if (!read_text(out) || !expect(':', "expected a colon")) {
    return false;
  }
  return names_.add(out) || fail_at(token, "a repeated name");
}

void Reader::reset_document() {
  out_.clear();
  frames_.clear();
  losses_.clear();
  loss_text_.clear();
}

// At the opening bracket; `name` is where the value's name is in the scratch.
bool Reader::open(Tag tag, size_t name) {
  if (frames_.size() >= static_cast<size_t>(std::max(options_.depth_max, 1))) [[unlikely]] {
    return fail_at(
        next_, "nested deeper than the " + std::to_string(options_.depth_max) + " levels allowed");
  }
  ++next_;
  char* const at = out_.reserve(4);
  frames_.push_back({out_.size(), name, 0, tag == Tag::array});
  out_.advance_to(at + 4);
  if (tag == Tag::document) {
    names_.open();
  }
  return true;
}

bool Reader::close() {
  const Frame frame = frames_.back();
  frames_.pop_back();
  char* const at = out_.reserve(1);
  *at = '\0';
  out_.advance_to(at + 1);
  const auto size = static_cast<uint32_t>(out_.size() - frame.start);
  std::memcpy(out_.from(frame.start), &size, sizeof size);
  return frame.is_array || names_.close() || fail_at(next_ - 1, "an object that repeats a name");
}

bool Reader::finish_values(bool is_wrapped) {
  for (;;) {
    if (next_ >= end_) [[unlikely]] {
      return fail_at(next_, "");
    }
    const char token = peek();
    if (token == ',') {
      ++next_;
      return true;
    }
    if (token != (frames_.back().is_array ? ']' : '}')) [[unlikely]] {
      return fail_at(next_, "expected a comma or the end of the object or array");
    }
    ++next_;
    if (!close()) [[unlikely]] {
      return false;
    }
    if (frames_.empty()) {
      return true;
    }
    if (is_wrapped && !expect('}', "a value with several types")) [[unlikely]] {
      return false;
    }
  }
}

bool Reader::write_element_name() {
  Frame& frame = frames_.back();
  const uint32_t index = frame.count++;
  if (!frame.is_array) {
    return write_object_name();
  }
  char* at = out_.reserve(16);
  element_name_ = out_.size() + 1;
  ++at;  // the type follows with the value
  at = index < 10 ? (*at = static_cast<char>('0' + index), at + 1) : write_uint64(index, at);
  *at++ = '\0';
  out_.advance_to(at);
  return true;
}

bool Reader::write_object_name() {
  const char* begin = nullptr;
  const char* end = nullptr;
  if (!string_bounds(next_, begin, end)) [[unlikely]] {
    return false;
  }
  if (text_[next_[1]] != ':') [[unlikely]] {
    return fail_at(next_ + 1, "expected a colon");
  }
  const auto size = static_cast<size_t>(end - begin);
  char* const at = out_.reserve(size + 2) + 1;  // the type follows with the value
  element_name_ = out_.size() + 1;
  char* at_end = copy_string(begin, end, at);
  if (at_end == nullptr) [[unlikely]] {
    return fail_at(next_, "a name with a wrong escape");
  }
  std::string_view name(begin, size);
  if (static_cast<size_t>(at_end - at) != size) [[unlikely]] {
    out_.advance_to(at_end);
    if (std::memchr(at, '\0', static_cast<size_t>(at_end - at)) != nullptr) {
      replace_nul(at_end, element_name_);
    }
    const char* const first = out_.from(element_name_);
    name = arena_->copy({first, static_cast<size_t>(at_end - first)});
  }
  if (!names_.add(name)) [[unlikely]] {
    return fail_at(next_, "a repeated name");
  }
  *at_end++ = '\0';
  out_.advance_to(at_end);
  next_ += 2;
  return true;
}

// BSON names cannot hold NUL: each becomes U+2400, and the name as it was a loss.
void Reader::replace_nul(char*& end, size_t name) {
  constexpr std::string_view kSymbol = "\xE2\x90\x80";
  const std::string exact(out_.from(name), static_cast<size_t>(end - out_.from(name)));
  std::string replaced;
  for (const char c : exact) {
    if (c == '\0') {
      replaced += kSymbol;
    } else {
      replaced += c;
    }
  }
  out_.truncate(name);
  char* const at = out_.reserve(replaced.size() + 1);
  end = std::copy(replaced.begin(), replaced.end(), at);
  *end = '\0';  // add_loss() reads it
  add_loss(Loss::Type::name, exact);
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
  for (size_t i = 1; i < frames_.size(); ++i) {
    add_name(frames_[i].name);
  }
  add_name(element_name_);
  loss.text = loss_text_.size();
  loss_text_ += text;
  loss.end = loss_text_.size();
  losses_.push_back(loss);
}

Document Reader::take() {
  const std::string_view bson = out_.view(0);
  CHECK(frames_.empty());
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
