#include "doc/value_text.h"

#include <cmath>

#include "base/base64.h"
#include "base/check.h"
#include "base/digits.h"
#include "base/time.h"
#include "doc/json.h"

namespace penstock::doc {

namespace {

template <class T>
T load(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

const char* chars(const uint8_t* bytes) {
  return reinterpret_cast<const char*>(bytes);
}

void put_regex(TextOut& out, const uint8_t* value) {
  const std::string_view pattern = chars(value);
  const std::string_view options = chars(value + pattern.size() + 1);
  out.put("\"/");
  out.put_escaped(pattern.data(), pattern.data() + pattern.size(),
                  options.data() + options.size() + 1);
  out.put('/');
  out.put_escaped(options.data(), options.data() + options.size(),
                  options.data() + options.size() + 1);
  out.put('"');
}

void put_timestamp(TextOut& out, const uint8_t* value) {
  out.put("{\"t\":");
  out.advance_to(write_uint64(load<uint32_t>(value + 4), out.at()));
  out.put(",\"i\":");
  out.advance_to(write_uint64(load<uint32_t>(value), out.at()));
  out.put('}');
}

void put_db_pointer(TextOut& out, const uint8_t* value, const uint8_t* limit) {
  out.put("{\"$ref\":");
  const uint8_t* const id = put_string(out, value, limit);
  out.reserve(64);
  out.put(",\"$id\":\"");
  put_hex(out, {chars(id), 12});
  out.put("\"}");
}

// With quotes where JSON has no such number.
void put_json_number(TextOut& out, bool is_finite, auto put_value) {
  if (!is_finite) {
    out.put('"');
  }
  put_value();
  if (!is_finite) {
    out.put('"');
  }
}

}  // namespace

const uint8_t* put_string(TextOut& out, const uint8_t* value, const uint8_t* limit) {
  const size_t size = load<uint32_t>(value) - 1;
  const char* const text = chars(value + 4);
  out.put('"');
  out.put_escaped(text, text + size, chars(limit));
  out.put('"');
  return value + 4 + size + 1;
}

void put_date(TextOut& out, int64_t millis) {
  constexpr int64_t kYear0 = -62'167'219'200'000;
  constexpr int64_t kYear10000 = 253'402'300'800'000;
  if (millis < kYear0 || millis >= kYear10000) {
    out.advance_to(write_int64(millis, out.at()));
    return;
  }
  out.advance_to(write_iso8601({millis * 1000}, 3, out.at()));
}

void put_hex(TextOut& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    out.put(kDigits[static_cast<uint8_t>(c) >> 4]);
    out.put(kDigits[static_cast<uint8_t>(c) & 15]);
  }
}

void put_decimal(TextOut& out, const uint8_t* value) {
  out.advance_to(write_decimal128(load_decimal(value), out.at()));
}

void put_double(TextOut& out, double value) {
  out.advance_to(write_double(value, out.at()));
}

void put_scalar(TextOut& out, Type type, const uint8_t* value, const uint8_t* limit) {
  switch (type) {
    case Type::string:
    case Type::code:
    case Type::symbol:
      put_string(out, value, limit);
      return;
    case Type::int32:
      out.advance_to(write_int64(load<int32_t>(value), out.at()));
      return;
    case Type::int64:
      out.advance_to(write_int64(load<int64_t>(value), out.at()));
      return;
    case Type::decimal128: {
      const uint64_t high = load<uint64_t>(value + 8);
      put_json_number(out, (high >> 59 & 15) != 15, [&] { put_decimal(out, value); });
      return;
    }
    case Type::double_: {
      const double number = load<double>(value);
      put_json_number(out, std::isfinite(number), [&] { put_double(out, number); });
      return;
    }
    case Type::boolean:
      out.put(*value != 0 ? std::string_view("true") : std::string_view("false"));
      return;
    case Type::null:
    case Type::undefined:
      out.put("null");
      return;
    case Type::binary:
      out.put('"');
      out.put_base64(Element{type, {}, value, 0}.as_binary());
      out.put('"');
      return;
    case Type::date:
      out.put('"');
      put_date(out, load<int64_t>(value));
      out.put('"');
      return;
    case Type::object_id:
      out.put('"');
      put_hex(out, {chars(value), 12});
      out.put('"');
      return;
    case Type::timestamp:
      put_timestamp(out, value);
      return;
    case Type::regex:
      put_regex(out, value);
      return;
    case Type::db_pointer:
      put_db_pointer(out, value, limit);
      return;
    case Type::min_key:
      out.put("{\"$minKey\":1}");
      return;
    case Type::max_key:
      out.put("{\"$maxKey\":1}");
      return;
    case Type::document:
    case Type::array:
    case Type::code_with_scope:
      break;
  }
  unreachable();
}

void append_text(const Element& element, std::string& out) {
  switch (element.type) {
    case Type::string:
    case Type::symbol:
    case Type::code:
      out += element.as_string();
      return;
    case Type::document:
      append_text(element.as_document(), out);
      return;
    case Type::array:
      append_json(element.as_document(), out, Shape::array);
      return;
    case Type::code_with_scope:
      out += Element{Type::code, {}, element.value + 4, 0}.as_string();
      return;
    case Type::binary:
      append_base64(element.as_binary(), out);
      return;
    case Type::date: {
      TextOut text(out, 32);
      put_date(text, element.as_int64());
      return;
    }
    case Type::object_id: {
      TextOut text(out, 32);
      put_hex(text, {chars(element.value), 12});
      return;
    }
    case Type::double_: {
      TextOut text(out, kNumberTextMax);
      put_double(text, element.as_double());
      return;
    }
    case Type::decimal128: {
      TextOut text(out, kNumberTextMax);
      put_decimal(text, element.value);
      return;
    }
    default: {
      TextOut text(out, 64);
      put_scalar(text, element.type, element.value, element.value + element.value_size);
    }
  }
}

void append_text(const Document& document, std::string& out) {
  append_json(document, out);
}

}  // namespace penstock::doc
