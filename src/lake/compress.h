// Compressor: one object's bytes, compressed as a whole. Reuses its buffers; one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock::lake {

enum class Compression { none, gzip, zstd };

Result<Compression> compression_of(std::string_view name);
std::string_view extension_of(Compression compression);  // "", ".gz", ".zst"

class Compressor {
 public:
  virtual ~Compressor() = default;
  // The compressed bytes; valid until the next call.
  virtual Result<std::string_view> compress(std::string_view bytes) = 0;
  static std::unique_ptr<Compressor> make(Compression compression);  // null for none
};

}  // namespace penstock::lake
