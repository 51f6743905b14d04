#include "config/load.h"

#include <fmt/core.h>

#include "config/problems.h"
#include "config/substitute.h"
#include "config/yaml.h"

namespace penstock::config {

Result<Node> load_text(std::string_view text, const std::string& name, Files& files,
                       const LoadOptions& options) {
  TRY(Node node, parse_yaml(text, name));
  Problems problems;
  substitute(node, files, options, problems);
  TRY(problems.result());
  return node;
}

Result<Node> load_file(const std::string& path, Files& files, const LoadOptions& options,
                       Problems& problems) {
  TRY(const std::unique_ptr<File> file, files.open(path, OpenMode::read));
  TRY(const FileInfo info, file->info());
  if (info.is_folder) {
    return fatal(fmt::format("{}: a folder, not a file; name one of its .yaml files", path));
  }
  std::string text(kFileBytesMax + 1, '\0');
  TRY(const size_t size, file->read(0, text));
  text.resize(size);
  TRY(Node node, parse_yaml(text, path));
  substitute(node, files, options, problems);
  return node;
}

}  // namespace penstock::config
