#include "connectors/files/files_sink.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "base/random.h"
#include "core/lines.h"
#include "core/order_key.h"

namespace penstock::files {

namespace {

constexpr uint32_t kLanes = 2;

std::string_view default_extension(const Encoder& encoder) {
  return encoder.content_type().find("json") == std::string_view::npos ? "txt" : "ndjson";
}

bool is_extension(std::string_view text) {
  return text.size() <= 20 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.';
         });
}

}  // namespace

void FilesSink::Settings::fields(config::FieldVisitor& visitor) {
  visitor.field("path", path,
                {.doc = "The folder of the objects, with placeholders as {stream}/{yyyy}/{mm}.",
                 .required = true});
  visitor.field("compression", compression,
                {.doc = "gzip and zstd use level 1.", .choices = {"none", "gzip", "zstd"}});
  visitor.field("extension", extension,
                {.doc = "The end of the objects' names, before .gz or .zst; ndjson for formats "
                        "that are JSON, else txt."});
  visitor.field("folders_max", folders_max,
                {.doc = "How many folders are remembered; one that was forgotten is listed again "
                        "at its next use.",
                 .min = 1,
                 .max = 100000});
}

Result<std::unique_ptr<Sink>> FilesSink::make(Settings settings, const Context& context) {
  if (context.encoder == nullptr) {
    return fatal("files: no format");
  }
  while (settings.path.size() > 1 && settings.path.ends_with('/')) {
    settings.path.pop_back();
  }
  TRY(NameTemplate path, NameTemplate::parse(settings.path));
  TRY(const Compression compression, compression_of(settings.compression));
  if (!is_extension(settings.extension)) {
    return fatal(fmt::format("files: extension \"{}\": at most 20 letters, digits, '-' and '.'",
                             settings.extension));
  }
  return std::make_unique<FilesSink>(std::move(path), compression, settings, context);
}

FilesSink::FilesSink(NameTemplate path, Compression compression, const Settings& settings,
                     const Context& context)
    : path_(std::move(path)),
      hash_key_(context.hash_key),
      compression_(compression),
      extension_(settings.extension.empty() ? default_extension(*context.encoder)
                                            : std::string_view(settings.extension)),
      folders_per_lane_(static_cast<size_t>(settings.folders_max) / kLanes + 1),
      files_(context.files),
      clock_(context.clock),
      seed_(context.seed),
      encoder_(context.encoder) {
  extension_ += extension_of(compression);
  if (path_.is_constant()) {
    only_folder_ = settings.path;
    only_folder_key_ = order_key_of_name(hash_key_, settings.path);
  }
}

SinkTraits FilesSink::traits() const {
  return {.events_max = 50000,
          .bytes_max = size_t{8} << 20,
          .wait = 5s,
          .lanes = kLanes,
          .lanes_max = kLanesMax,
          .writes_in_order = true,
          .folders = true};
}

Result<std::string> FilesSink::folder_of(const Event& event) const {
  if (only_folder_) {
    return *only_folder_;
  }
  std::string folder;
  TRY(path_.render(event, folder));
  return folder;
}

Result<OrderKey> FilesSink::order_key(const Event& event) const {
  if (only_folder_) {
    return only_folder_key_;
  }
  thread_local std::string folder;  // an event needs no allocation
  folder.clear();
  TRY(path_.render(event, folder));
  return order_key_of_name(hash_key_, folder);
}

Result<> FilesSink::open(const Resume& resume, Stop /*stop*/) {
  prefix_ = resume.pipeline + "." + resume.sink + ".";
  temporary_prefix_ = fmt::format(".penstock-{:016x}-", hash64(prefix_));
  opened_ = clock_.wall().micros;
  temporary_of_run_ = fmt::format("{}{:x}-", temporary_prefix_, opened_);
  const std::string_view fixed = only_folder_ ? *only_folder_ : path_.fixed_folder();
  if (!fixed.empty()) {
    TRY(files_.make_folders(std::string(fixed)));  // a forbidden place is found out at the start
  }
  // As in sync_parents, for the folders above: an earlier run may have made them. One that this
  // user may search but not open was not made by us, so its error is none.
  for (size_t end = fixed.find_last_not_of('/'); end != std::string_view::npos;) {
    const size_t slash = fixed.rfind('/', end);
    const std::string parent(slash == std::string_view::npos ? "." : fixed.substr(0, slash));
    static_cast<void>(files_.sync_folder(parent.empty() ? "/" : parent));
    end = slash == std::string_view::npos || slash == 0 ? std::string_view::npos : slash - 1;
  }
  return {};
}

Result<FilesSink::Folder*> FilesSink::use(uint32_t number, const std::string& folder) {
  Lane& lane = lanes_[number];
  auto found = lane.folders.find(folder);
  if (found == lane.folders.end()) {
    if (lane.folders.size() >= folders_per_lane_) {
      lane.folders.erase(std::ranges::min_element(
          lane.folders, {}, [](const auto& entry) { return entry.second.last_used; }));
    }
    TRY(Folder fresh, first_use(folder, number));
    found = lane.folders.emplace(folder, std::move(fresh)).first;
  }
  found->second.last_used = ++lane.uses;
  return &found->second;
}

std::string FilesSink::temporary_name(uint32_t lane) const {
  return fmt::format("{}{}", temporary_of_run_, lane);
}

// What an earlier run left: half objects are taken away, and whole ones tell what need not be
// written again, once their names are as durable as their bytes, which were synced before.
Result<FilesSink::Folder> FilesSink::first_use(const std::string& folder, uint32_t lane) {
  TRY(files_.make_folders(folder));
  TRY(sync_parents(folder));
  TRY(files_.sync_folder(folder));
  TRY(const std::vector<std::string> names, files_.list(folder));
  Folder fresh;
  for (const std::string& name : names) {
    if (name.starts_with(temporary_prefix_)) {
      if (name.starts_with(temporary_of_run_) && name != temporary_name(lane)) {
        continue;  // another lane is writing it just now: several parts may share a folder
      }
      TRY(files_.remove(folder + "/" + name));
    } else {
      fresh.coverage.add(name);
    }
  }
  return fresh;
}

// A run that died between making folders and syncing them left folders that exist and may still be
// forgotten. Those above the fixed part of the path are the user's own.
Result<> FilesSink::sync_parents(std::string_view folder) {
  const std::string_view fixed = only_folder_ ? *only_folder_ : path_.fixed_folder();
  size_t slash = folder.rfind('/');
  while (slash != std::string_view::npos && slash > 0 && slash + 1 >= fixed.size()) {
    TRY(files_.sync_folder(std::string(folder.substr(0, slash))));
    slash = folder.rfind('/', slash - 1);
  }
  return {};
}

Result<std::vector<Failure>> FilesSink::write(const Batch& batch, Stop stop) {
  if (batch.events.empty()) {
    return std::vector<Failure>{};
  }
  CHECK(batch.slot < kLanesMax);
  Lane& lane = lanes_[batch.slot];
  TRY(const std::string folder, folder_of(*batch.events.front()));
  auto written = write_folder(lane, folder, batch, stop);
  if (!written) {
    // What became durable before the error is found by listing the folder again.
    lane.folders.erase(folder);
  }
  return written;
}

Result<std::vector<Failure>> FilesSink::write_folder(Lane& lane, const std::string& folder,
                                                     const Batch& batch, Stop stop) {
  if (lane.compressor == nullptr) {
    lane.compressor = Compressor::make(compression_);
  }
  TRY(Folder* const state, use(batch.slot, folder));
  const std::string part = object_part(prefix_ + std::string(batch.part));
  Coverage& coverage = state->coverage;
  const bool durable_order = !batch.events.front()->order.empty();
  const bool covered_possible = durable_order && !batch.replay && !coverage.is_empty_for(part);
  ObjectWriter object(files_, folder, temporary_name(batch.slot), lane.text, lane.compressor.get());
  if (batch.replay) {
    object.hash_content();
  }
  ObjectRange range;
  std::vector<Failure> failures;
  for (uint32_t i = 0; i < batch.events.size(); ++i) {
    const Event& event = *batch.events[i];
    bool gap = covered_possible && coverage.covers(part, event.order);
    if (!gap) {
      if (auto encoded = append_line(*encoder_, event, object.text()); !encoded) {
        failures.push_back({i, std::move(encoded).error()});
        gap = true;
      }
    }
    if (!gap) {
      range.add(event.order);
      TRY(object.appended(event.id));
    } else if (range.ends_at_gap()) {
      TRY(finish(lane, batch, object, range));
    }
    if (stop.stop_requested()) {
      return fail(Error::Kind::cancelled, "write an object in " + folder + ": stopped");
    }
  }
  if (!range.empty()) {
    TRY(finish(lane, batch, object, range));
  }
  return failures;
}

Result<std::string> FilesSink::name_of_object(Lane& lane, const Batch& batch,
                                              const ObjectWriter& object,
                                              const ObjectRange& range) const {
  const std::string part = object_part(prefix_ + std::string(batch.part));
  if (batch.replay) {
    // The content names it: a replay that is tried again meets its own name.
    const Hash128 hash = object.content_hash();
    return replay_object_name(part, hash.high, hash.low, extension_);
  }
  if (range.first().empty()) {
    Random random(seed_ ^ hash64(part, static_cast<uint64_t>(opened_)));
    const uint64_t number = lane.objects << 4 | batch.slot;
    return unique_object_name(part, opened_, random.next() ^ number, extension_);
  }
  return object_name(part, range.first(), range.last(), extension_);
}

Result<> FilesSink::finish(Lane& lane, const Batch& batch, ObjectWriter& object,
                           ObjectRange& range) {
  ++lane.objects;
  TRY(const std::string name, name_of_object(lane, batch, object, range));
  TRY(const bool fresh, object.finish(name));
  range.clear();
  if (!fresh && !batch.replay) {
    return transient("write the object " + name +
                     ": another process wrote it meanwhile; its folder is listed again");
  }
  return {};
}

}  // namespace penstock::files
