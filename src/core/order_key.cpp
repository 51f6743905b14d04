// The default order key. Keys of one record can come with different number types (an int32 from one
// source, a decimal from another), so that numbers are hashed by value: an integer that int64 holds
// as such, every other as the odd-most coefficient and exponent of its decimal form.
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/event.h"
#include "doc/bson.h"
#include "doc/decimal128.h"

namespace penstock {

namespace {

using doc::Type;
using doc::Uint128;

enum class KeyTag : uint8_t { end = 0, other, integer, decimal, infinity, nan, huge };

// Hashes through a buffer, so that a usual key is one call of the hash.
class KeyHasher {
 public:
  template <class T>
  void put(T value) {
    char* const at = reserve(sizeof value);
    std::memcpy(at, &value, sizeof value);
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
  char* reserve(size_t size) {
    if (size > buffer_.size() - used_) {
      flush();
    }
    char* const at = buffer_.data() + used_;
    used_ += size;
    return at;
  }
  void flush() {
    seed_ = hash128({buffer_.data(), used_}, seed_);
    used_ = 0;
  }

  // Only buffer_[0, used_) is ever read.
  std::array<char, 512> buffer_;
  size_t used_ = 0;
  Hash128 seed_;
};

void put_integer(KeyHasher& hasher, int64_t value) {
  hasher.put(KeyTag::integer);
  hasher.put(value);
}

// coefficient times ten to the exponent; numerically equal arguments give the same bytes.
void put_number(KeyHasher& hasher, bool is_negative, Uint128 coefficient, int exponent) {
  if (coefficient == 0) {
    put_integer(hasher, 0);
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
    put_integer(hasher, static_cast<int64_t>(is_negative ? uint64_t{0} - bits : bits));
    return;
  }
  hasher.put(KeyTag::decimal);
  hasher.put(is_negative);
  hasher.put(static_cast<int32_t>(exponent));
  hasher.put(static_cast<uint64_t>(coefficient));
  hasher.put(static_cast<uint64_t>(coefficient >> 64));
}

void put_special(KeyHasher& hasher, bool is_nan, bool is_negative) {
  hasher.put(is_nan ? KeyTag::nan : KeyTag::infinity);
  if (!is_nan) {
    hasher.put(is_negative);
  }
}

void put_decimal(KeyHasher& hasher, const uint8_t* value) {
  const doc::DecimalParts parts = doc::decimal_parts(doc::load_decimal(value));
  if (parts.kind != doc::DecimalParts::Class::finite) {
    put_special(hasher, parts.kind == doc::DecimalParts::Class::nan, parts.is_negative);
    return;
  }
  put_number(hasher, parts.is_negative, parts.coefficient, parts.exponent);
}

// A double is mantissa * 2^exponent. It equals some decimal128 only where that has a coefficient
// below 10^34; the others are hashed by their bits, which no other type equals.
void put_double(KeyHasher& hasher, double value) {
  if (!std::isfinite(value)) {
    put_special(hasher, std::isnan(value), value < 0);
    return;
  }
  const bool is_negative = std::signbit(value);
  int binary = 0;
  const double fraction = std::frexp(std::fabs(value), &binary);
  auto mantissa = static_cast<uint64_t>(std::ldexp(fraction, 53));
  binary -= 53;
  if (mantissa == 0) {
    put_integer(hasher, 0);
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
    hasher.put(KeyTag::huge);
    hasher.put(value);
    return;
  }
  put_number(hasher, is_negative, coefficient, decimal);
}

void put_value(KeyHasher& hasher, Type type, const uint8_t* value, size_t size) {
  switch (type) {
    case Type::int32:
    case Type::int64:
      put_integer(hasher, doc::Element{type, {}, value, size}.as_int64());
      return;
    case Type::double_:
      put_double(hasher, doc::Element{type, {}, value, size}.as_double());
      return;
    case Type::decimal128:
      put_decimal(hasher, value);
      return;
    default:
      hasher.put(KeyTag::other);
      hasher.put(type);
      hasher.put_bytes({reinterpret_cast<const char*>(value), size});
  }
}

}  // namespace

OrderKey order_key_of(std::string_view stream, const Document& key) {
  if (!key.present()) {
    return {};
  }
  KeyHasher hasher;
  hasher.put_bytes(stream);
  // BSON delimits itself, so that nested values need no stack: their ends are hashed too.
  const uint8_t* at = key.data() + 4;
  size_t depth = 1;
  while (depth > 0) {
    const auto type = static_cast<Type>(*at++);
    if (type == Type{0}) {
      hasher.put(KeyTag::end);
      --depth;
      continue;
    }
    const std::string_view name = reinterpret_cast<const char*>(at);
    at += name.size() + 1;
    if (type == Type::document || type == Type::array) {
      hasher.put(type);
      hasher.put_bytes(name);
      at += 4;
      ++depth;
      continue;
    }
    const size_t size = doc::bson_value_size(type, at);
    hasher.put_bytes(name);
    put_value(hasher, type, at, size);
    at += size;
  }
  return hasher.finish();
}

}  // namespace penstock
