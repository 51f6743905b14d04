// NameTemplate: names made from data, as "./lake/{stream}/{yyyy}/{mm}/{dd}" (contract: "Names from
// data"). Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"

namespace penstock {

class NameTemplate {
 public:
  // `fatal` with the offending part when a placeholder is unknown or a brace is open.
  static Result<NameTemplate> parse(std::string_view text);

  // Appends the name. What comes from data is encoded: `/`, control bytes, bytes that are no UTF-8
  // and a dot at the front of a path segment as %XX, `%` itself too, so that two values never meet;
  // a value of more than 200 bytes is cut and ends in %2D (which no value's encoding holds) and its
  // SHA-256, or in `old` names, of before ADR 0015, another hash. Empty path segments vanish; a
  // leading `/` of the template stays. A missing or null field is `rejected` and named; then
  // nothing is appended.
  enum class Hashes { sha256, old };
  Result<> render(const Event& event, std::string& out, Hashes hashes = Hashes::sha256) const;
  // Both have one name, which is told without making it; false: they may have.
  bool is_surely_alike(const Event& one, const Event& other) const;
  bool is_constant() const;
  // The literal text before the first placeholder, up to and with its last '/'.
  std::string_view fixed_folder() const;

 private:
  enum class Kind {
    literal,
    stream,
    database,    // of the stream, before its first dot
    collection,  // of the stream, after its first dot
    key,
    op,
    year,
    month,
    day,
    hour,
    meta,  // text: the path in it, as for the next two
    after,
    before,
  };
  struct Piece {
    Kind kind;
    std::string text;  // the literal, or the path
    std::string name;  // as written between the braces, for errors
  };
  class Rendering;

  static Result<Piece> placeholder(std::string_view name, std::string_view whole);

  std::vector<Piece> pieces_;
  size_t scheme_size_ = 0;  // of a leading "http://", whose slashes are no path
};

}  // namespace penstock
