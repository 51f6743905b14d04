#include "doc/json_string.h"

namespace penstock::doc {

namespace {

// The value of four hex digits, or -1.
int32_t read_hex4(const char* at, const char* end) {
  if (end - at < 4) {
    return -1;
  }
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    int32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return -1;
    }
    value = value << 4 | digit;
  }
  return value;
}

char* write_utf8(uint32_t point, char* to) {
  if (point < 0x80) {
    *to++ = static_cast<char>(point);
  } else if (point < 0x800) {
    *to++ = static_cast<char>(0xC0 | point >> 6);
    *to++ = static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    *to++ = static_cast<char>(0xE0 | point >> 12);
    *to++ = static_cast<char>(0x80 | (point >> 6 & 0x3F));
    *to++ = static_cast<char>(0x80 | (point & 0x3F));
  } else {
    *to++ = static_cast<char>(0xF0 | point >> 18);
    *to++ = static_cast<char>(0x80 | (point >> 12 & 0x3F));
    *to++ = static_cast<char>(0x80 | (point >> 6 & 0x3F));
    *to++ = static_cast<char>(0x80 | (point & 0x3F));
  }
  return to;
}

// `from` is behind \u.
bool copy_unicode(const char*& from, const char* end, char*& to) {
  const int32_t first = read_hex4(from, end);
  if (first < 0 || (first >= 0xDC00 && first <= 0xDFFF)) {
    return false;
  }
  from += 4;
  auto point = static_cast<uint32_t>(first);
  if (first >= 0xD800 && first <= 0xDBFF) {
    if (end - from < 6 || from[0] != '\\' || from[1] != 'u') {
      return false;
    }
    const int32_t second = read_hex4(from + 2, end);
    if (second < 0xDC00 || second > 0xDFFF) {
      return false;
    }
    from += 6;
    point = 0x10000 + (static_cast<uint32_t>(first - 0xD800) << 10) +
            static_cast<uint32_t>(second - 0xDC00);
  }
  to = write_utf8(point, to);
  return true;
}

// What stands for a backslash and this character; NUL: nothing does.
char unescaped(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

// The escape sequence at `from` (a backslash) as UTF-8 at `to`; both move behind it. False when it
// is none, a surrogate without its partner included.
bool copy_escape(const char*& from, const char* end, char*& to) {
  if (end - from < 2) {
    return false;
  }
  const char kind = from[1];
  from += 2;
  if (kind == 'u') {
    return copy_unicode(from, end, to);
  }
  *to = unescaped(kind);
  return *to++ != '\0';
}

enum class Fault : uint8_t { none, unclosed, control, escape };

// One walk for all who need one. Without kCopies `to` may be overwritten again and again.
template <bool kCopies>
Fault walk_string(const char* at, const char* end, char* to, StringEnd& out) {
  while (at < end) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    if constexpr (kCopies) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
    }
    const int plain = std::countr_zero(special_bytes(block) | 0x10000);
    at += plain;
    to += kCopies ? plain : 0;
    if (plain == 16) {
      continue;
    }
    if (at >= end) {
      break;
    }
    if (*at == '"') {
      out.quote = at;
      out.copy = to;
      return Fault::none;
    }
    if (*at != '\\') {
      return Fault::control;
    }
    out.has_escapes = true;
    const std::string_view rest(at, end);
    char* escaped = to;
    if (!copy_escape(at, end, escaped)) {
      return rest.find('"') == std::string_view::npos ? Fault::unclosed : Fault::escape;
    }
    to = kCopies ? escaped : to;
  }
  return Fault::unclosed;
}

constexpr size_t kCharacterMax = 4;  // bytes that an escape becomes

}  // namespace

StringEnd copy_any_string(const char* at, const char* end, char* to) {
  StringEnd result;
  return walk_string<true>(at, end, to, result) == Fault::none ? result : StringEnd{};
}

StringEnd find_any_string_end(const char* at, const char* end) {
  StringEnd result;
  char unused[kCharacterMax];
  return walk_string<false>(at, end, unused, result) == Fault::none ? result : StringEnd{};
}

std::string_view string_fault(const char* begin, const char* end) {
  StringEnd unused;
  char copy[kCharacterMax];
  switch (walk_string<false>(begin, end, copy, unused)) {
    case Fault::control:
      return "a string that holds a control character";
    case Fault::escape:
      return "a string with a wrong escape";
    case Fault::unclosed:
    case Fault::none:
      break;
  }
  return "a string without an end";
}

}  // namespace penstock::doc
