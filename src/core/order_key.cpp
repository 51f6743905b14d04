// Keys of one record can come with different number types (an int32 from one source, a decimal from
// another), so that numbers are written by value: an integer that int64 holds as such, every other
// as the odd-most coefficient and exponent of its decimal form.
#include "core/order_key.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/sha256.h"
#include "doc/bson.h"
#include "doc/decimal128.h"

namespace penstock {

namespace {

using doc::Type;
using doc::Uint128;

enum class KeyTag : uint8_t { end = 0, other, integer, decimal, infinity, nan, huge };

enum class Kept : uint8_t { bytes = 1, sha256 = 2, old = 3 };
// Not kept: in front of a name, so that it can equal no kept key.
constexpr uint8_t kNameTag = 4;
constexpr size_t kBytesMax = 1024;

// The canonical bytes with their tag in front, in a buffer that a usual key does not leave.
class KeyBytes {
 public:
  explicit KeyBytes(uint8_t tag) { put(tag); }
  template <class T>
  void put(T value) {
    append(&value, sizeof value);
  }
  void put_bytes(std::string_view bytes) {
    put(static_cast<uint32_t>(bytes.size()));
    append(bytes.data(), bytes.size());
  }
  void append(const void* bytes, size_t size) {
    if (size == 0) {
      return;  // of no bytes there may be no address
    }
    if (size > buffer_.size() - used_) {
      spill();
    }
    if (spilt_.empty()) {
      std::memcpy(buffer_.data() + used_, bytes, size);
      used_ += size;
      return;
    }
    spilt_.append(static_cast<const char*>(bytes), size);
  }
  std::string_view bytes() const {
    return spilt_.empty() ? std::string_view(buffer_.data(), used_) : spilt_;
  }

 private:
  void spill() {
    if (spilt_.empty()) {
      spilt_.assign(buffer_.data(), used_);
    }
  }

  // Only buffer_[0, used_) is ever read.
  std::array<char, 512> buffer_;
  size_t used_ = 0;
  std::string spilt_;  // all of it, once it has left the buffer
};

// As version 1 hashed: through a buffer, whose hash seeds that of the next.
class OldHasher {
 public:
  static constexpr size_t kBufferBytes = 512;
  template <class T>
  void put(T value) {
    if (sizeof value > buffer_.size() - used_) {
      flush();
    }
    std::memcpy(buffer_.data() + used_, &value, sizeof value);
    used_ += sizeof value;
  }
  void put_bytes(std::string_view bytes) {
    put(static_cast<uint32_t>(bytes.size()));
    if (bytes.size() > buffer_.size() - used_) {
      flush();
      if (bytes.size() > buffer_.size()) {
        seed_ = hash128(bytes, seed_);
        return;
      }
    }
    if (!bytes.empty()) {
      std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
    }
    used_ += bytes.size();
  }
  Hash128 finish() {
    Hash128 hash = hash128({buffer_.data(), used_}, seed_);
    hash.low |= hash.is_zero() ? 1 : 0;  // zero means: no key
    return hash;
  }

 private:
  void flush() {
    seed_ = hash128({buffer_.data(), used_}, seed_);
    used_ = 0;
  }

  std::array<char, kBufferBytes> buffer_;
  size_t used_ = 0;
  Hash128 seed_;
};

template <class Out>
void put_integer(Out& out, int64_t value) {
  out.put(KeyTag::integer);
  out.put(value);
}

// coefficient times ten to the exponent; numerically equal arguments give the same bytes.
template <class Out>
void put_number(Out& out, bool is_negative, Uint128 coefficient, int exponent) {
  if (coefficient == 0) {
    put_integer(out, 0);
    return;
  }
  while (coefficient % 10 == 0) {
    coefficient /= 10;
    ++exponent;
  }
  Uint128 magnitude = coefficient;
  int left = exponent;
  constexpr Uint128 kMagnitudeMax = uint64_t{1} << 63;
  while (left > 0 && magnitude <= kMagnitudeMax) {
    magnitude *= 10;
    --left;
  }
  if (left == 0 && magnitude <= kMagnitudeMax - (is_negative ? 0 : 1)) {
    const auto bits = static_cast<uint64_t>(magnitude);
    put_integer(out, static_cast<int64_t>(is_negative ? uint64_t{0} - bits : bits));
    return;
  }
  out.put(KeyTag::decimal);
  out.put(is_negative);
  out.put(static_cast<int32_t>(exponent));
  out.put(static_cast<uint64_t>(coefficient));
  out.put(static_cast<uint64_t>(coefficient >> 64));
}

template <class Out>
void put_special(Out& out, bool is_nan, bool is_negative) {
  out.put(is_nan ? KeyTag::nan : KeyTag::infinity);
  if (!is_nan) {
    out.put(is_negative);
  }
}

template <class Out>
void put_decimal(Out& out, const uint8_t* value) {
  const doc::DecimalParts parts = doc::decimal_parts(doc::load_decimal(value));
  if (parts.kind != doc::DecimalParts::Class::finite) {
    put_special(out, parts.kind == doc::DecimalParts::Class::nan, parts.is_negative);
    return;
  }
  put_number(out, parts.is_negative, parts.coefficient, parts.exponent);
}

// A double is mantissa * 2^exponent. It equals some decimal128 only where that has a coefficient
// below 10^34; the others are hashed by their bits, which no other type equals.
template <class Out>
void put_double(Out& out, double value) {
  if (!std::isfinite(value)) {
    put_special(out, std::isnan(value), value < 0);
    return;
  }
  const bool is_negative = std::signbit(value);
  int binary = 0;
  const double fraction = std::frexp(std::fabs(value), &binary);
  auto mantissa = static_cast<uint64_t>(std::ldexp(fraction, 53));
  binary -= 53;
  if (mantissa == 0) {
    put_integer(out, 0);
    return;
  }
  const int zeros = std::countr_zero(mantissa);
  mantissa >>= zeros;
  binary += zeros;
  constexpr Uint128 kLimit = Uint128{10'000'000'000'000'000'000U} * 1'000'000'000'000'000U;
  Uint128 coefficient = mantissa;
  int decimal = 0;
  for (; binary > 0 && mantissa % 5 == 0; --binary, ++decimal) {
    mantissa /= 5;
    coefficient = mantissa;
  }
  for (; binary > 0 && coefficient < kLimit; --binary) {
    coefficient *= 2;
  }
  for (; binary < 0 && coefficient < kLimit; ++binary, --decimal) {
    coefficient *= 5;
  }
  if (coefficient >= kLimit) {
    out.put(KeyTag::huge);
    out.put(value);
    return;
  }
  put_number(out, is_negative, coefficient, decimal);
}

template <class Out>
void put_value(Out& out, Type type, const uint8_t* value, size_t size) {
  switch (type) {
    case Type::int32:
    case Type::int64:
      put_integer(out, doc::Element{type, {}, value, size}.as_int64());
      return;
    case Type::double_:
      put_double(out, doc::Element{type, {}, value, size}.as_double());
      return;
    case Type::decimal128:
      put_decimal(out, value);
      return;
    default:
      out.put(KeyTag::other);
      out.put(type);
      out.put_bytes({reinterpret_cast<const char*>(value), size});
  }
}

template <class Out>
void put_key(std::string_view stream, const Document& key, Out& out) {
  out.put_bytes(stream);
  // BSON delimits itself, so that nested values need no stack: their ends are written too.
  const uint8_t* at = key.data() + 4;
  size_t depth = 1;
  while (depth > 0) {
    const auto type = static_cast<Type>(*at++);
    if (type == Type{0}) {
      out.put(KeyTag::end);
      --depth;
      continue;
    }
    const std::string_view name = reinterpret_cast<const char*>(at);
    at += name.size() + 1;
    if (type == Type::document || type == Type::array) {
      out.put(type);
      out.put_bytes(name);
      at += 4;
      ++depth;
      continue;
    }
    const size_t size = doc::bson_value_size(type, at);
    out.put_bytes(name);
    put_value(out, type, at, size);
    at += size;
  }
}

std::string kept(Kept kind, std::string_view bytes) {
  std::string out(1, static_cast<char>(kind));
  out += bytes;
  return out;
}

std::string kept_sha256(const KeyBytes& bytes) {
  const std::array<uint8_t, 32> digest = sha256(bytes.bytes().substr(1));
  return kept(Kept::sha256, {reinterpret_cast<const char*>(digest.data()), digest.size()});
}

OrderKey hashed(const HashKey& secret, std::string_view bytes) {
  OrderKey key = keyed_hash(secret, bytes);
  key.low |= key.is_zero() ? 1 : 0;  // zero means: no key
  return key;
}

}  // namespace

OrderKey order_key_of(const HashKey& secret, std::string_view stream, const Document& key) {
  if (!key.present()) {
    return {};
  }
  KeyBytes bytes(static_cast<uint8_t>(Kept::bytes));
  put_key(stream, key, bytes);
  return hashed(secret, bytes.bytes().size() <= kBytesMax ? bytes.bytes() : kept_sha256(bytes));
}

OrderKey order_key_of_name(const HashKey& secret, std::string_view name) {
  KeyBytes bytes(kNameTag);
  bytes.append(name.data(), name.size());
  return hashed(secret, bytes.bytes());
}

std::string kept_key_of(std::string_view stream, const Document& key) {
  if (!key.present()) {
    return {};
  }
  KeyBytes bytes(static_cast<uint8_t>(Kept::bytes));
  put_key(stream, key, bytes);
  return bytes.bytes().size() <= kBytesMax ? std::string(bytes.bytes()) : kept_sha256(bytes);
}

std::string kept_key_of(const Event& event) {
  if (event.order_key.is_zero()) {
    return {};
  }
  return event.kept_key.empty() ? kept_key_of(event.stream, event.key)
                                : std::string(event.kept_key);
}

bool is_kept_key(std::string_view bytes) {
  if (bytes.empty()) {
    return false;
  }
  switch (static_cast<Kept>(bytes.front())) {
    case Kept::bytes:
      return bytes.size() <= kBytesMax;
    case Kept::sha256:
      return bytes.size() == 1 + 32;
    case Kept::old:
      return bytes.size() == 1 + sizeof(Hash128);
  }
  return false;
}

OrderKey order_key_of_kept(const HashKey& secret, std::string_view kept) {
  CHECK(is_kept_key(kept));
  return hashed(secret, kept);
}

Hash128 old_order_key_of(std::string_view stream, const Document& key) {
  if (!key.present()) {
    return {};
  }
  OldHasher hasher;
  put_key(stream, key, hasher);
  return hasher.finish();
}

Hash128 old_order_key_of(const Event& event) {
  if (!is_kept_key(event.kept_key)) {
    return old_order_key_of(event.stream, event.key);
  }
  if (const std::optional<Hash128> old = old_key_of(event.kept_key)) {
    return *old;
  }
  const std::string_view bytes = event.kept_key.substr(1);
  const bool tells = static_cast<Kept>(event.kept_key.front()) == Kept::bytes &&
                     bytes.size() <= OldHasher::kBufferBytes;
  return tells ? hash128(bytes) : Hash128{};
}

std::string kept_old_key(const Hash128& old) {
  return kept(Kept::old, {reinterpret_cast<const char*>(&old), sizeof old});
}

std::optional<Hash128> old_key_of(std::string_view kept) {
  if (!is_kept_key(kept) || static_cast<Kept>(kept.front()) != Kept::old) {
    return std::nullopt;
  }
  Hash128 old;
  std::memcpy(&old, kept.data() + 1, sizeof old);  // x86-64 is little-endian
  return old;
}

}  // namespace penstock
