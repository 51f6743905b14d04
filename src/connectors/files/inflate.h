// Inflater: a compressed file as the bytes it holds, piece by piece. Several members or frames one
// after the other are one text. Outside bytes: every error is `rejected` and names the place. One
// thread at a time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock::files {

class Inflater {
 public:
  virtual ~Inflater() = default;
  struct Step {
    size_t taken = 0;  // of the input
    size_t made = 0;   // of the output
  };
  virtual Result<Step> step(std::string_view in, std::span<char> out) = 0;
  // Everything so far was whole members: the file may end here.
  virtual bool may_end() const = 0;
};

bool is_compressed_name(std::string_view path);  // .gz or .zst
std::unique_ptr<Inflater> make_inflater(std::string_view path);

}  // namespace penstock::files
