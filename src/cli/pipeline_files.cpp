#include "cli/pipeline_files.h"

#include <fmt/core.h>

#include <algorithm>

#include "config/load.h"

namespace penstock::cli {

namespace {

constexpr size_t kFilesMax = 1000;  // of one command line, folders unfolded

bool is_pipeline_name(std::string_view name) {
  return !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml"));
}

Result<std::vector<std::string>> unfold(Files& files, const std::string& path) {
  TRY(const std::optional<FileInfo> info, files.info(path));
  if (!info) {
    return fatal(fmt::format("{}: there is no such file or folder", path));
  }
  if (!info->is_folder) {
    return std::vector{path};
  }
  TRY(const std::vector<std::string> names, files.list(path));
  std::vector<std::string> found;
  for (const std::string& name : names) {
    if (is_pipeline_name(name)) {
      found.push_back(fmt::format("{}{}{}", path, path.ends_with('/') ? "" : "/", name));
    }
  }
  if (found.empty()) {
    return fatal(fmt::format("{}: the folder holds no *.yaml or *.yml", path));
  }
  return found;
}

// Progress is kept under the names, so they must differ.
void compare_names(std::vector<PipelineFile>& files) {
  for (PipelineFile& one : files) {
    for (const PipelineFile& other : files) {
      if (&one != &other && !one.name.empty() && one.name == other.name) {
        one.problems.add(one.node.find("name")->mark,
                         fmt::format("the pipeline's name `{}` is also that of {}; names must "
                                     "differ, because progress is kept under them",
                                     one.name, other.path));
      }
    }
  }
}

}  // namespace

Result<PipelineFiles> load_pipelines(Program& program, const LoadRequest& request) {
  if (!request.preset.empty()) {
    return fatal(
        fmt::format("there is no preset `{}`; known: none. The presets (documentdb-fanout, "
                    "mongodb-to-kinesis, dynamodb-to-cratedb, dynamodb-to-mongodb, ...) need cloud "
                    "connectors that this build does not have; give a FILE instead, `penstock "
                    "list` names what it may use",
                    request.preset));
  }
  if (request.paths.empty()) {
    return fatal("no pipeline: give a FILE or a folder of them");
  }
  PipelineFiles loaded;
  const config::LoadOptions options{.environment = environment,
                                    .read_secrets = request.read_secrets};
  for (const std::string& path : request.paths) {
    const auto found = unfold(program.files(), path);
    if (!found) {
      loaded.unreadable.push_back(found.error().what);
      continue;
    }
    if (loaded.files.size() + loaded.unreadable.size() + found->size() > kFilesMax) {
      return fatal(fmt::format("{}: more than {} pipeline files", path, kFilesMax));
    }
    for (const std::string& file : *found) {
      config::Problems problems;
      auto node = config::load_file(file, program.files(), options, problems);
      if (!node) {
        loaded.unreadable.push_back(node.error().what);
        continue;
      }
      const config::Node* const name = node->find("name");
      loaded.files.push_back({.path = file,
                              .name = name && !name->withheld ? name->scalar : "",
                              .node = {},
                              .problems = std::move(problems)});
      loaded.files.back().node = *std::move(node);
    }
  }
  compare_names(loaded.files);
  return loaded;
}

Result<> problems_of(const PipelineFiles& loaded) {
  config::Problems all;
  for (const std::string& text : loaded.unreadable) {
    all.add_lines(text);
  }
  for (const PipelineFile& file : loaded.files) {
    if (const auto fine = file.problems.result(); !fine) {
      all.add_lines(fine.error().what);
    }
  }
  return all.result();
}

}  // namespace penstock::cli
