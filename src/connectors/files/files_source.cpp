#include "connectors/files/files_source.h"

#include <fmt/core.h>

#include <unordered_set>

#include "base/file_name.h"
#include "base/hash.h"
#include "base/join.h"
#include "connectors/files/file_reader.h"
#include "connectors/files/glob.h"
#include "connectors/files/inflate.h"

namespace penstock::files {

void FilesSource::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("path", path,
                {.doc = "Path of a file, or a pattern with *, ?, [a-z] and **; or a list of them.",
                 .required = true});
  visitor.field("follow", follow,
                {.doc = "Goes on as files grow and new ones match; false ends at their ends."});
  visitor.field("last_line", last_line,
                {.doc = "A last line without a line break: wait for it, or take the line as it "
                        "is; auto waits where files are followed. Compressed files: take.",
                 .choices = {"auto", "wait", "take"}});
  visitor.field("at", at,
                {.doc = "The time of a line: that of the file's creation, the same however often "
                        "the line is read; or that of reading it, with which a lake that has the "
                        "time in its folders may get a line twice after a restart.",
                 .choices = {"file", "read"}});
  visitor.field(
      "line_max", line_max,
      {.doc = "The longest line; a longer one is rejected.", .min = 1, .max = int64_t{1} << 30});
  visitor.field("files_max", files_max,
                {.doc = "The most files that the patterns may match.", .min = 1, .max = 1000000});
}

Result<std::unique_ptr<Source>> FilesSource::make(Settings settings, const Context& context) {
  for (const std::string& path : settings.path) {
    if (path.empty()) {
      return fatal("files: an empty path");
    }
  }
  return std::make_unique<FilesSource>(std::move(settings), context);
}

SourceTraits FilesSource::traits() const {
  return {.generation_bytes = 8, .changing_parts = settings_.follow};
}

std::string FilesSource::fingerprint() const {
  return "files";  // each position names its own file, so that paths may be added later
}

// The part ids of long paths whose positions version 1 saved: reading goes on under them. Two paths
// can be made to have the same; then it is of the file that the position points into, or of the
// path that has it already.
std::map<std::string, std::string> FilesSource::old_ids_of(std::span<const std::string> paths,
                                                           const Checkpoint& checkpoint) const {
  std::map<std::string, std::string> owners;  // path by id
  for (const std::string& path : paths) {
    const std::string old = file_name_of_version_1(path);
    const auto position = checkpoint.positions.find(old);
    if (position == checkpoint.positions.end() || old == file_name_of(path) ||
        paths_.contains(old)) {
      continue;
    }
    const auto [owner, is_first] = owners.try_emplace(old, path);
    if (!is_first && owner->second != path && is_owner(path, position->second)) {
      owner->second = path;
    }
  }
  std::map<std::string, std::string> ids;
  for (auto& [id, path] : owners) {
    ids.emplace(std::move(path), id);
  }
  return ids;
}

bool FilesSource::is_owner(const std::string& path, const Position& position) const {
  const auto named = context_.files.info(path);
  if (!named || !*named) {
    return false;
  }
  const auto decoded = decode_position(position, **named);
  return decoded && decoded->device == (*named)->device && decoded->inode == (*named)->inode;
}

// Asked once a second, of thousands of files perhaps: a path keeps the id that it was given first.
Result<std::vector<Part>> FilesSource::parts(const Checkpoint& checkpoint, Stop /*stop*/) {
  std::vector<std::string> all;
  std::vector<std::string> fresh;
  std::unordered_set<std::string> seen;
  for (const std::string& pattern : settings_.path) {
    TRY(const auto paths,
        expand(context_.files, pattern, static_cast<size_t>(settings_.files_max)));
    if (paths.empty() && !is_glob(pattern) && paths_.empty()) {
      return fatal(
          fmt::format("files {}: no such file; correct the path, or use a pattern for a "
                      "file that is still to come",
                      pattern));
    }
    for (const std::string& path : paths) {
      if (seen.insert(path).second) {
        all.push_back(path);
        if (!ids_.contains(path)) {
          fresh.push_back(path);
        }
      }
    }
  }
  const std::map<std::string, std::string> old_ids = old_ids_of(fresh, checkpoint);
  for (const std::string& path : fresh) {
    const auto old = old_ids.find(path);
    std::string id = old == old_ids.end() ? file_name_of(path) : old->second;
    if (paths_.try_emplace(id, path).second) {
      ids_.emplace(path, std::move(id));
    }
  }
  std::vector<Part> parts;
  for (const std::string& path : all) {
    if (const auto id = ids_.find(path); id != ids_.end()) {
      parts.push_back({id->second});
    }
  }
  if (parts.empty() && !warned_) {
    warned_ = true;
    context_.log.warn(context_.where,
                      fmt::format("files {}: no file matches", join(settings_.path, " ")));
  }
  return parts;
}

// The rest of the process (checkpoint, sinks, connections) keeps a quarter of the descriptors.
Result<std::shared_ptr<const void>> FilesSource::hold_place(const std::string& path) {
  const uint64_t limit = context_.files.open_max();
  const uint64_t most = limit - limit / 4;
  if (open_.size() >= most) {
    std::erase_if(open_, [](const auto& place) { return place.expired(); });
  }
  if (open_.size() >= most) {
    return transient(
        fmt::format("files {}: it waits until one of the {} files that are read is done; the "
                    "process may have {} open: raise its hard limit (ulimit -Hn)",
                    path, open_.size(), limit));
  }
  std::shared_ptr<const void> place = std::make_shared<char>();
  open_.push_back(place);
  return place;
}

Result<std::unique_ptr<Reader>> FilesSource::open(const Part& part,
                                                  const std::optional<Position>& position,
                                                  Signal /*signal*/, Stop /*stop*/) {
  const auto known = paths_.find(part.id);
  if (known == paths_.end()) {
    return fatal(fmt::format("files: no file is the part {}", part.id));
  }
  const std::string& path = known->second;
  TRY(const auto named, context_.files.info(path));
  if (!named) {
    return fail(position ? Error::Kind::lost_position : Error::Kind::transient,
                fmt::format("files {}: the file is gone", path));
  }
  TRY(auto place, hold_place(path));
  TRY(std::unique_ptr<File> file, context_.files.open(path, OpenMode::read));
  TRY(const FileInfo info, file->info());
  FilePosition start;
  if (position) {
    auto decoded = decode_position(*position, info);
    if (!decoded) {
      return fail(Error::Kind::lost_position,
                  fmt::format("files {}: cannot read the position \"{}\"", path, *position));
    }
    start = *decoded;
    TRY(check_identity(*file, path, start));
  } else {
    start.device = info.device;
    start.inode = info.inode;
    start.made = info.made;
    if (part.start != Part::Start::configured) {
      // What it holds is not what it was, even if its first line is: no lake has it already.
      const auto now = static_cast<uint64_t>(context_.clock.wall().micros);
      start.generation = hash64(part.id, now) | 1;  // 0 would be: not known yet
    }
  }
  const bool packed = is_compressed_name(path);
  const bool take =
      settings_.last_line == "take" || (settings_.last_line == "auto" && !settings_.follow);
  ReaderOptions options{.part = part.id,
                        .path = path,
                        .follow = settings_.follow,
                        .take_last_line = take,
                        .time_of_reading = settings_.at == "read",
                        .line_max = static_cast<size_t>(settings_.line_max.bytes),
                        .hold = std::move(place)};
  return packed ? make_packed_reader(std::move(options), std::move(file), start, context_)
                : make_plain_reader(std::move(options), std::move(file), start, context_);
}

std::optional<Position> FilesSource::position_before(const Position& end,
                                                     std::string_view order) const {
  const auto before = decode_position(end, {});
  return before ? position_at(*before, order) : std::nullopt;
}

}  // namespace penstock::files
