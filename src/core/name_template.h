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

  // Appends the name. What comes from data is encoded (`/`, `..`, control bytes and bytes that are
  // no UTF-8 as %XX, `%` itself too, so that two values never meet; a value of more than 200 bytes
  // is cut and gets a hash). Empty path segments vanish. A missing field is `rejected` and named.
  Result<> render(const Event& event, std::string& out) const;
  bool is_constant() const;
  // The literal text before the first placeholder, up to and with its last '/'.
  std::string_view fixed_folder() const;

 private:
  struct Piece {
    bool literal;
    std::string text;
  };
  std::vector<Piece> pieces_;
};

}  // namespace penstock
