// Two texts whose XXH3 of 128 bits is the same, as anybody can make them: for the tests of what
// must tell them apart. Both are UTF-8. Pure.
#pragma once

#include <string>
#include <utility>

namespace penstock {

inline std::pair<std::string, std::string> colliding_texts() {
  std::string one(3000, 'a');
  std::string two = one;
  // The words of the public secret are at these places, so that one half of each product is zero.
  one.replace(1407, 9, "\xc3\xb8\x08\x46\x74xxab");
  one.replace(1984, 8, "\xc8\x9f\x7e\xc9\x80xcb");
  two.replace(1407, 9, "\xc3\xb8\x08\x46\x74xxbb");
  two.replace(1984, 8, "\xc8\x9f\x7e\xc9\x80xbb");
  return {one, two};
}

}  // namespace penstock
