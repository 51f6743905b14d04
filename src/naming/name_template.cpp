#include "naming/name_template.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include <fmt/core.h>

#include "base/hash.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "doc/bson.h"

namespace penstock {

namespace {

constexpr size_t kTemplateBytesMax = size_t{64} << 10;
constexpr size_t kValueBytesMax = 200;
constexpr size_t kHashBytes = 3 + 64;     // %2D and 256 bits in hexadecimal digits
constexpr size_t kOldHashBytes = 3 + 32;  // of before ADR 0015
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

void append_percent(unsigned char byte, std::string& out) {
  out += '%';
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

// Encodes the value behind what is in `out`. A value that is too long is cut between characters.
void append_encoded(std::string_view value, bool at_segment_start, NameTemplate::Hashes hashes,
                    std::string& out) {
  const bool old = hashes == NameTemplate::Hashes::old;
  const size_t hash_bytes = old ? kOldHashBytes : kHashBytes;
  const size_t start = out.size();
  size_t cut = start;  // the longest prefix that leaves room for the hash
  for (size_t i = 0; i < value.size();) {
    const size_t length = utf8_length(value.substr(i));
    const auto byte = static_cast<unsigned char>(value[i]);
    const bool hidden = byte == '.' && i == 0 && at_segment_start;
    if (length == 0 || byte < 0x20 || byte == 0x7f || byte == '/' || byte == '%' || hidden) {
      append_percent(byte, out);
      i += 1;
    } else {
      out += value.substr(i, length);
      i += length;
    }
    if (out.size() - start <= kValueBytesMax - hash_bytes) {
      cut = out.size();
    }
    if (out.size() - start > kValueBytesMax) {
      out.resize(cut);
      out += "%2D";
      if (old) {
        const Hash128 hash = hash128(value);
        out += fmt::format("{:016x}{:016x}", hash.high, hash.low);
      } else {
        out += sha256_hex(value);  // nobody can make two values with one name
      }
      return;
    }
  }
}

std::unexpected<Error> bad_template(std::string_view whole, std::string_view what) {
  return fatal(fmt::format("the name template `{}`: {}", whole.substr(0, 200), what));
}

}  // namespace

// Renders into `out_` behind what it held, a path segment at a time.
class NameTemplate::Rendering {
 public:
  Rendering(const Event& event, Hashes hashes, std::string& out)
      : event_(event), hashes_(hashes), out_(out), base_(out.size()), segment_(out.size()) {}

  Result<> piece(const Piece& piece, size_t protected_bytes) {
    if (piece.kind == Kind::literal) {
      literal(piece.text, protected_bytes);
      return {};
    }
    return value(piece);
  }

  void finish() {
    mend_dots();
    const bool empty_last = segment_ == out_.size();
    if (empty_last && out_.size() > base_ + 1 && out_.back() == '/' && segment_ > protected_) {
      out_.pop_back();
    }
  }
  void undo() { out_.resize(base_); }

 private:
  void literal(std::string_view text, size_t protected_bytes) {
    out_ += text.substr(0, protected_bytes);
    if (protected_bytes > 0) {
      segment_ = out_.size();
      protected_ = segment_;
    }
    for (const char c : text.substr(protected_bytes)) {
      if (c == '/') {
        end_segment();
      } else {
        out_ += c;
      }
    }
  }

  void end_segment() {
    mend_dots();
    const bool leading = out_.size() == base_ && !from_data_;
    if (segment_ != out_.size() || leading) {
      out_ += '/';
      segment_ = out_.size();
    }
    from_data_ = false;
  }

  // A literal dot beside an empty value must not become "." or "..".
  void mend_dots() {
    const std::string_view segment = std::string_view(out_).substr(segment_);
    if (from_data_ && (segment == "." || segment == "..")) {
      out_.replace(segment_, 1, "%2E");
    }
  }

  void append(std::string_view text) {
    append_encoded(text, segment_ == out_.size(), hashes_, out_);
    from_data_ = true;
  }

  Result<> value(const Piece& piece) {
    const size_t dot = event_.stream.find('.');
    switch (piece.kind) {
      case Kind::literal:
        return {};
      case Kind::stream:
        append(event_.stream);
        return {};
      case Kind::database:
      case Kind::collection:
        if (dot == std::string_view::npos) {
          return rejected(fmt::format(
              "name {{{}}}: the stream `{}` is no database and collection with a dot between them",
              piece.name, event_.stream.substr(0, 200)));
        }
        append(piece.kind == Kind::database ? event_.stream.substr(0, dot)
                                            : event_.stream.substr(dot + 1));
        return {};
      case Kind::key:
        return key(piece);
      case Kind::op:
        append(name_of(event_.op));
        return {};
      case Kind::year:
      case Kind::month:
      case Kind::day:
      case Kind::hour:
        return time(piece.kind);
      case Kind::meta:
        return field(event_.meta, piece);
      case Kind::after:
        return field(event_.after, piece);
      case Kind::before:
        return field(event_.before, piece);
    }
    return {};
  }

  // A key of one field by that field's text, any other as JSON.
  Result<> key(const Piece& piece) {
    if (!event_.key.present()) {
      return rejected(fmt::format("name {{{}}}: the event has no key", piece.name));
    }
    scratch_.clear();
    const doc::Elements elements(event_.key);
    auto first = elements.begin();
    const bool one = first != elements.end() && ++elements.begin() == elements.end();
    if (one) {
      doc::append_text(*first, scratch_);
    } else {
      doc::append_text(event_.key, scratch_);
    }
    append(scratch_);
    return {};
  }

  Result<> field(const Document& document, const Piece& piece) {
    const std::optional<doc::Element> element =
        document.present() ? doc::find_path(document, piece.text) : std::nullopt;
    if (!element || element->is_null()) {
      return rejected(fmt::format("name {{{}}}: the event has no such field", piece.name));
    }
    if (element->type == doc::Type::string) {
      append(element->as_string());
      return {};
    }
    scratch_.clear();
    doc::append_text(*element, scratch_);
    append(scratch_);
    return {};
  }

  Result<> time(Kind kind) {
    using std::chrono::days;
    using std::chrono::microseconds;
    constexpr int64_t kYear10000 = 253'402'300'800'000'000;
    constexpr int64_t kYear0 = -62'167'219'200'000'000;
    if (event_.at.micros >= kYear10000 || event_.at.micros < kYear0) {
      return rejected("name {yyyy}: the event's time is not within the years 0 to 9999");
    }
    const std::chrono::sys_time<microseconds> at{microseconds{event_.at.micros}};
    const auto day = std::chrono::floor<days>(at);
    const std::chrono::year_month_day date{day};
    from_data_ = true;
    switch (kind) {
      case Kind::year:
        digits(static_cast<unsigned>(static_cast<int>(date.year())), 4);
        return {};
      case Kind::month:
        digits(static_cast<unsigned>(date.month()), 2);
        return {};
      case Kind::day:
        digits(static_cast<unsigned>(date.day()), 2);
        return {};
      default:
        digits(static_cast<unsigned>((at - day) / std::chrono::hours{1}), 2);
        return {};
    }
  }

  void digits(unsigned number, size_t width) {
    std::array<char, 4> text{};
    for (size_t i = width; i-- > 0;) {
      text[i] = static_cast<char>('0' + number % 10);
      number /= 10;
    }
    out_.append(text.data(), width);
  }

  const Event& event_;
  const Hashes hashes_;
  std::string& out_;
  const size_t base_;       // where the name begins
  size_t segment_;          // where the path segment at work begins
  size_t protected_ = 0;    // where a scheme ends
  bool from_data_ = false;  // the segment at work holds a value, be it empty
  std::string scratch_;
};

Result<NameTemplate::Piece> NameTemplate::placeholder(std::string_view name,
                                                      std::string_view whole) {
  constexpr std::array<std::pair<std::string_view, Kind>, 10> kNames = {{
      {"stream", Kind::stream},
      {"database", Kind::database},
      {"collection", Kind::collection},
      {"table", Kind::stream},
      {"key", Kind::key},
      {"op", Kind::op},
      {"yyyy", Kind::year},
      {"mm", Kind::month},
      {"dd", Kind::day},
      {"hh", Kind::hour},
  }};
  constexpr std::array<std::pair<std::string_view, Kind>, 3> kPaths = {{
      {"meta.", Kind::meta},
      {"after.", Kind::after},
      {"before.", Kind::before},
  }};
  for (const auto& [known, kind] : kNames) {
    if (name == known) {
      return Piece{kind, "", std::string(name)};
    }
  }
  for (const auto& [prefix, kind] : kPaths) {
    if (name.starts_with(prefix) && name.size() > prefix.size()) {
      return Piece{kind, std::string(name.substr(prefix.size())), std::string(name)};
    }
  }
  return bad_template(
      whole, fmt::format("unknown placeholder `{{{}}}`; known: {{stream}} {{database}} "
                         "{{collection}} {{table}} {{key}} {{op}} {{yyyy}} {{mm}} {{dd}} {{hh}} "
                         "{{meta.NAME}} {{after.PATH}} {{before.PATH}}",
                         name.substr(0, 100)));
}

Result<NameTemplate> NameTemplate::parse(std::string_view text) {
  if (text.size() > kTemplateBytesMax) {
    return bad_template(text, fmt::format("more than {} bytes", kTemplateBytesMax));
  }
  NameTemplate result;
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find('{', at);
    if (open != at) {
      result.pieces_.push_back({Kind::literal, std::string(text.substr(at, open - at)), ""});
    }
    if (open == std::string_view::npos) {
      break;
    }
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      return bad_template(text, "`{` without its `}`");
    }
    TRY(Piece piece, placeholder(text.substr(open + 1, close - open - 1), text));
    result.pieces_.push_back(std::move(piece));
    at = close + 1;
  }
  if (!result.pieces_.empty() && result.pieces_.front().kind == Kind::literal) {
    const std::string& first = result.pieces_.front().text;
    const size_t scheme = first.find("://");
    if (scheme != std::string::npos && first.find('/') == scheme + 1) {
      result.scheme_size_ = scheme + 3;
    }
  }
  return result;
}

Result<> NameTemplate::render(const Event& event, std::string& out, Hashes hashes) const {
  Rendering rendering(event, hashes, out);
  size_t protected_bytes = scheme_size_;
  for (const Piece& piece : pieces_) {
    if (auto done = rendering.piece(piece, protected_bytes); !done) {
      rendering.undo();
      return done;
    }
    protected_bytes = 0;
  }
  rendering.finish();
  return {};
}

bool NameTemplate::is_surely_alike(const Event& one, const Event& other) const {
  constexpr int64_t kHour = 3'600'000'000;
  return std::ranges::all_of(pieces_, [&](const Piece& piece) {
    switch (piece.kind) {
      case Kind::literal:
        return true;
      case Kind::stream:
      case Kind::database:
      case Kind::collection:
        return one.stream == other.stream;
      case Kind::op:
        return one.op == other.op;
      case Kind::year:
      case Kind::month:
      case Kind::day:
      case Kind::hour:
        return one.at.micros >= 0 && other.at.micros >= 0 &&
               one.at.micros / kHour == other.at.micros / kHour;
      case Kind::key:
      case Kind::meta:
      case Kind::after:
      case Kind::before:
        return false;
    }
    return false;
  });
}

bool NameTemplate::is_constant() const {
  return pieces_.empty() || (pieces_.size() == 1 && pieces_.front().kind == Kind::literal);
}

std::string_view NameTemplate::fixed_folder() const {
  if (pieces_.empty() || pieces_.front().kind != Kind::literal) {
    return {};
  }
  const std::string_view text = pieces_.front().text;
  const size_t slash = text.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : text.substr(0, slash + 1);
}

}  // namespace penstock
