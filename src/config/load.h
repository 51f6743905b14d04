// load_file, load_text: a pipeline file (YAML) to a Node, substitution done. Everything hostile
// that YAML allows (bombs, repeated keys, endless nesting, several documents) is an error with
// file, line and column. Pure but for the files it is told to read. One thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/files.h"
#include "base/result.h"
#include "config/node.h"
#include "config/problems.h"

namespace penstock::config {

inline constexpr size_t kFileBytesMax = size_t{1} << 20;
inline constexpr int kDepthMax = 64;
inline constexpr size_t kNodesMax = 100'000;                 // keys and values of a file
inline constexpr size_t kSecretBytesMax = size_t{64} << 10;  // of a file in ${file:…}

struct LoadOptions {
  // The value of an environment variable; nullopt: unset. Absent: nothing is set.
  std::function<std::optional<std::string>(std::string_view)> environment;
  // false: ${file:…} and the like are not read; what they stand for is `withheld`.
  bool read_secrets = true;
};

// A file that cannot be read or is no YAML is a `fatal`. What is wrong with its ${…} goes to
// `problems`, and those values are withheld, so that the rest can be checked too.
Result<Node> load_file(const std::string& path, Files& files, const LoadOptions& options,
                       Problems& problems);
// All problems as one `fatal`, one a line, each as "file:line:column: what". `name` takes the place
// of the path in them.
Result<Node> load_text(std::string_view text, const std::string& name, Files& files,
                       const LoadOptions& options);

}  // namespace penstock::config
