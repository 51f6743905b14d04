#include "naming/object_name.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/file_name.h"
#include "base/hash.h"
#include "base/sha256.h"

namespace penstock {

namespace {

constexpr size_t kPartMax = 100;
constexpr size_t kPartHash = 50;     // "%~" and 192 bits of SHA-256, in hex
constexpr size_t kOldPartHash = 34;  // "%~" and 128 bits
constexpr size_t kSelectionDigits = 12;
constexpr size_t kRangeBytes = 150;  // of memory, beside the orders and the name
constexpr size_t kPartBytes = 250;
constexpr std::string_view kHex = "0123456789abcdef";

void append_hex(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0) {
    return std::nullopt;
  }
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const size_t high = kHex.find(text[i]);
    const size_t low = kHex.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return std::nullopt;
    }
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

// As file_name_of(), with no limit of its own; what is in `kept` stays as well.
void append_escaped(std::string_view text, std::string_view kept, std::string& out) {
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '_' || kept.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

std::string escaped_prefix(PartOwner owner) {
  std::string prefix;
  append_escaped(owner.pipeline, "", prefix);
  prefix += '.';
  append_escaped(owner.sink, "", prefix);
  prefix += '.';
  if (prefix.front() == '.') {
    prefix.replace(0, 1, "%2E");  // a name that begins with a dot is no object
  }
  return prefix;
}

std::string old_text(PartOwner owner, std::string_view part) {
  return fmt::format("{}.{}.{}", owner.pipeline, owner.sink, part);
}

bool is_selection(std::string_view text) {
  return text.size() == kSelectionDigits && text.find_first_not_of(kHex) == std::string_view::npos;
}

}  // namespace

std::string object_prefix(PartOwner owner) {
  return escaped_prefix(owner).substr(0, kPartMax - kPartHash);
}

std::string old_object_prefix(PartOwner owner) {
  return file_name_of(old_text(owner, "")).substr(0, kPartMax - kOldPartHash);
}

std::string object_part(PartOwner owner, std::string_view part) {
  std::string name = escaped_prefix(owner);
  append_escaped(part, ".", name);
  if (name.size() > kPartMax) {
    const std::string hash = sha256_hex(name).substr(0, kPartHash - 2);
    name.resize(kPartMax - kPartHash);
    name += "%~" + hash;
  }
  return name;
}

std::string old_object_part(PartOwner owner, std::string_view part) {
  const std::string text = old_text(owner, part);
  std::string name = file_name_of(text);
  if (name.size() > kPartMax) {
    const Hash128 hash = hash128(text);
    name.resize(kPartMax - kOldPartHash);
    name += fmt::format("%~{:016x}{:016x}", hash.high, hash.low);
  }
  return name;
}

bool has_ambiguous_old_names(PartOwner owner) {
  return owner.pipeline.find('.') != std::string_view::npos ||
         owner.sink.find('.') != std::string_view::npos;
}

std::string object_selection(std::string_view selection) {
  return sha256_hex(selection).substr(0, kSelectionDigits);
}

Result<std::string> object_name(const ObjectName& object, std::string_view extension,
                                size_t bytes_max) {
  std::string name = object.part;
  name.push_back('_');
  append_hex(object.first, name);
  name.push_back('_');
  append_hex(object.last, name);
  if (!object.selection.empty()) {
    name += ".s" + object.selection;
  }
  name.push_back('.');
  name.append(extension);
  if (object.first.empty() || object.last.empty() || name.size() > bytes_max) {
    return fatal(
        fmt::format("name an object of part {}: the source's orders have {} and {} bytes, which "
                    "make no name of at most {} bytes",
                    object.part, object.first.size(), object.last.size(), bytes_max));
  }
  return name;
}

std::string replay_object_name(std::string_view part, std::string_view content,
                               std::string_view extension) {
  return fmt::format("{}_r{}.{}", part, content, extension);
}

std::string unique_object_name(std::string_view part, int64_t micros, uint64_t chance,
                               std::string_view extension) {
  return fmt::format("{}_u{:016x}-{:016x}.{}", part, micros, chance, extension);
}

std::optional<ObjectName> parse_object_name(std::string_view name) {
  const size_t last_at = name.rfind('_');
  if (last_at == std::string_view::npos || last_at == 0) {
    return std::nullopt;
  }
  const size_t first_at = name.rfind('_', last_at - 1);
  const size_t extension_at = name.find('.', last_at);
  if (first_at == std::string_view::npos || first_at == 0 || name.front() == '.' ||
      extension_at == std::string_view::npos) {
    return std::nullopt;
  }
  auto first = from_hex(name.substr(first_at + 1, last_at - first_at - 1));
  auto last = from_hex(name.substr(last_at + 1, extension_at - last_at - 1));
  if (!first || !last || *last < *first) {
    return std::nullopt;
  }
  ObjectName parsed{std::string(name.substr(0, first_at)), std::move(*first), std::move(*last)};
  const std::string_view extension = name.substr(extension_at);
  if (extension.starts_with(".s") &&
      is_selection(extension.substr(2, extension.find('.', 1) - 2))) {
    parsed.selection = extension.substr(2, kSelectionDigits);
  }
  return parsed;
}

void Coverage::add(std::string_view name, ObjectName parsed, bool certain) {
  const size_t bytes = kRangeBytes + parsed.first.size() + parsed.last.size() + name.size();
  const auto [entry, fresh] = parts_.try_emplace(std::move(parsed.part));
  Part& part = entry->second;
  if (fresh) {
    part.bytes = kPartBytes;
    bytes_ += kPartBytes;
  }
  part.bytes += bytes;
  bytes_ += bytes;
  (certain ? part.certain : part.doubtful)
      .add({std::move(parsed.first), std::move(parsed.last), certain ? "" : std::string(name)});
}

bool Coverage::is_empty_for(std::string_view part) const {
  const auto found = parts_.find(part);
  return found == parts_.end() || (found->second.certain.empty() && found->second.doubtful.empty());
}

bool Coverage::begin_at(std::string_view name, std::string_view order) {
  const auto found = parts_.find(name);
  if (found == parts_.end()) {
    return true;
  }
  Part& part = found->second;
  if (order <= part.passed) {
    return false;
  }
  std::string last = std::max(part.certain.last(), part.doubtful.last());
  if (last < order && !last.empty()) {
    bytes_ -= part.bytes;
    part = {.certain = {}, .doubtful = {}, .passed = std::move(last), .bytes = kPartBytes};
    bytes_ += part.bytes;
  }
  return true;
}

bool Coverage::covers(std::string_view part, std::string_view order) {
  // Only an object of that very part: the orders of two parts say nothing about each other.
  const auto found = parts_.find(part);
  return found != parts_.end() && found->second.certain.find(order) != nullptr;
}

std::optional<std::string> Coverage::in_doubt(std::string_view part, std::string_view order) {
  const auto found = parts_.find(part);
  const Range* range = found == parts_.end() ? nullptr : found->second.doubtful.find(order);
  return range == nullptr ? std::nullopt : std::optional(range->name);
}

void Coverage::Ranges::add(Range range) {
  ranges_.push_back(std::move(range));
  sorted_ = false;
}

std::string Coverage::Ranges::last() {
  sort();
  return ranges_.empty() ? std::string() : ranges_[ranges_.back().furthest].last;
}

void Coverage::Ranges::sort() {
  if (sorted_) {
    return;
  }
  std::ranges::sort(ranges_, {}, &Range::first);
  size_t furthest = 0;
  for (size_t i = 0; i < ranges_.size(); ++i) {
    if (ranges_[i].last > ranges_[furthest].last) {
      furthest = i;
    }
    ranges_[i].furthest = furthest;
  }
  sorted_ = true;
}

const Coverage::Range* Coverage::Ranges::find(std::string_view order) {
  sort();
  const auto behind = std::ranges::upper_bound(
      ranges_, order, {}, [](const Range& range) { return std::string_view(range.first); });
  if (behind == ranges_.begin()) {
    return nullptr;
  }
  const Range& range = ranges_[std::prev(behind)->furthest];
  return range.last >= order ? &range : nullptr;
}

void ObjectRange::add(std::string_view order) {
  if (empty_) {
    first_.assign(order);
    empty_ = false;
  }
  last_.assign(order);
}

bool ObjectRange::ends_at_gap() const {
  return !empty_;
}

}  // namespace penstock
