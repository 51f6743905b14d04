// The place in the text and the BSON under construction, for both kinds of JSON.
#include "doc/reader.h"

#include <algorithm>
#include <new>
#include <span>

#include "base/check.h"
#include "base/utf8.h"
#include "doc/bson.h"

namespace penstock::doc {

namespace {

constexpr int kDepthLimit = 10'000;
// Each loss names its whole path, so that a hostile text could make them take more than any memory:
// as much as they may, beside four times the text.
constexpr size_t kLossBytes = size_t{16} << 20;

}  // namespace

Result<> Reader::start(std::string_view padded_text, Arena& arena, const ParseOptions& options) {
  if (padded_text.size() > options.bytes_max) {
    return rejected("the JSON text of " + std::to_string(padded_text.size()) +
                    " bytes is longer than the " + std::to_string(options.bytes_max) + " allowed");
  }
  if (padded_text.empty()) {
    return rejected("the JSON text is empty");
  }
  if (!is_utf8(padded_text)) {
    return rejected("the JSON text is not valid UTF-8");
  }
  text_ = padded_text.data();
  at_ = text_;
  end_ = text_ + padded_text.size();
  arena_ = &arena;
  options_ = options;
  document_ = scratch_.room_for(padded_text.size()) + 1;
  frames_.resize(1 + static_cast<size_t>(std::clamp(options.depth_max, 1, kDepthLimit)));
  keeps_losses_ = true;
  return {};
}

bool Reader::fail_at(const char* at, std::string_view what) {
  error_ = "JSON text, byte " + std::to_string(std::min(at, end_) - text_) + ": ";
  error_ += at < end_ ? what : "it ends too early";
  return false;
}

bool Reader::expect_end() {
  peek();
  return at_ == end_ || fail_at(at_, "something behind the object");
}

std::string_view Reader::without_escapes(std::string_view text) {
  char* const copy = arena_->allocate(text.size() + 16);
  const StringEnd copied = copy_string(text.data(), end_, copy);
  return {copy, static_cast<size_t>(copied.copy - copy)};
}

void Reader::reset_document() {
  out_ = document_;
  top_ = frames_.data();
  losses_.clear();
  loss_text_.clear();
}

void Reader::close_array() {
  *out_++ = '\0';
  char* start = top_->start;
  --top_;
  const auto size = static_cast<uint32_t>(out_ - start);
  std::memcpy(start, &size, sizeof size);
}

bool Reader::fail_too_deep() {
  return fail_at(
      at_, "nested deeper than the " + std::to_string(frames_.size() - 1) + " levels allowed");
}

// Has the frame's object a value of that name, before the one that is being read?
bool Reader::is_repeated(const Frame& frame, std::string_view name) {
  const char* at = frame.start + 4;
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
  const Document document(reinterpret_cast<const uint8_t*>(frame.start));
  std::vector<std::string_view> names;
  for (const Element& element : Elements(document)) {
    names.push_back(element.name);
  }
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// A name that is not short and plain, without the NUL behind it; at_ is behind its first quote.
bool Reader::write_long_name() {
  char* const name = out_;
  const StringEnd found = copy_string(at_, end_, name);
  if (found.quote == nullptr) {
    return fail_at(at_ - 1, string_fault(at_, end_));
  }
  at_ = found.quote + 1;
  out_ = found.copy;
  if (found.has_escapes && std::memchr(name, '\0', static_cast<size_t>(out_ - name)) != nullptr) {
    return replace_nul(name);
  }
  return true;
}

// BSON names cannot hold NUL: each becomes U+2400, and the name as it was a loss (I8).
bool Reader::replace_nul(char* name) {
  constexpr std::string_view kSymbol = "\xE2\x90\x80";
  const std::string exact(name, out_);
  out_ = name;
  for (const char c : exact) {
    if (c == '\0') {
      out_ = std::copy(kSymbol.begin(), kSymbol.end(), out_);
    } else {
      *out_++ = c;
    }
  }
  *out_ = '\0';  // add_loss() reads it
  return add_loss(Loss::Type::name, exact);
}

bool Reader::add_loss(Loss::Type type, std::string_view text) {
  if (!keeps_losses_) {
    return true;
  }
  const auto add_name = [&](const char* name) {
    loss_text_ += '/';
    const char* done = name;
    for (; *name != '\0'; ++name) {
      if (*name == '~' || *name == '/') [[unlikely]] {
        loss_text_.append(done, name).append(*name == '~' ? "~0" : "~1");
        done = name + 1;
      }
    }
    loss_text_.append(done, name);
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
  const auto text_size = static_cast<size_t>(end_ - text_);
  return loss.end <= 4 * text_size + kLossBytes ||
         fail_at(at_, "too many numbers, sets and names that BSON has not, too deep in the text");
}

Document Reader::take() {
  const std::string_view bson(document_, out_);
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
