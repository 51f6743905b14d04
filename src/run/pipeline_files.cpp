#include "run/pipeline_files.h"

#include <fmt/core.h>

#include <algorithm>

#include "config/load.h"

namespace penstock::run {

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

void add_line(std::string& problems, std::string_view line) {
  problems += problems.empty() ? "" : "\n";
  problems += line;
}

}  // namespace

Result<std::vector<PipelineFile>> load_pipelines(Program& program, const LoadRequest& request) {
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
  std::string problems;
  std::vector<PipelineFile> pipelines;
  const config::LoadOptions options{.environment = environment,
                                    .read_secrets = request.read_secrets};
  for (const std::string& path : request.paths) {
    const auto found = unfold(program.files(), path);
    if (!found) {
      add_line(problems, found.error().what);
      continue;
    }
    if (pipelines.size() + found->size() > kFilesMax) {
      return fatal(fmt::format("{}: more than {} pipeline files", path, kFilesMax));
    }
    for (const std::string& file : *found) {
      auto node = config::load_file(file, program.files(), options);
      if (!node) {
        add_line(problems, node.error().what);
        continue;
      }
      const config::Node* const name = node->find("name");
      pipelines.push_back({.path = file, .name = name ? name->scalar : "", .node = {}});
      pipelines.back().node = *std::move(node);
    }
  }
  for (size_t i = 0; i < pipelines.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!pipelines[i].name.empty() && pipelines[i].name == pipelines[j].name) {
        add_line(problems, fmt::format("{}: the pipeline's name `{}` is also that of {}; names "
                                       "must differ, because progress is kept under them",
                                       pipelines[i].path, pipelines[i].name, pipelines[j].path));
      }
    }
  }
  if (!problems.empty()) {
    return fatal(std::move(problems));
  }
  return pipelines;
}

}  // namespace penstock::run
