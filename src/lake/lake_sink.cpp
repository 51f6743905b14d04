#include "lake/lake_sink.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "base/hash.h"
#include "base/random.h"
#include "core/lines.h"
#include "core/order_key.h"
#include "core/rejected_keys.h"

namespace penstock::lake {

namespace {

constexpr uint32_t kLanes = 2;
constexpr uint32_t kLanesMax = 16;
constexpr size_t kCoverageBytesMax = size_t{16}
                                     << 20;  // of all slots; the folder in use may exceed

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

void Settings::fields(config::FieldVisitor& visitor) {
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

Result<std::unique_ptr<Sink>> LakeSink::make(std::string_view connector, Settings settings,
                                             std::unique_ptr<ObjectStore> store,
                                             const Context& context) {
  if (context.encoder == nullptr) {
    return fatal(fmt::format("{}: no format", connector));
  }
  while (settings.path.size() > 1 && settings.path.ends_with('/')) {
    settings.path.pop_back();
  }
  TRY(NameTemplate path, NameTemplate::parse(settings.path));
  TRY(const Compression compression, compression_of(settings.compression));
  if (!is_extension(settings.extension)) {
    return fatal(fmt::format("{}: extension \"{}\": at most 20 letters, digits, '-' and '.'",
                             connector, settings.extension));
  }
  return std::unique_ptr<Sink>(
      new LakeSink(std::move(path), compression, settings, std::move(store), context));
}

LakeSink::LakeSink(NameTemplate path, Compression compression, const Settings& settings,
                   std::unique_ptr<ObjectStore> store, const Context& context)
    : path_(std::move(path)),
      path_text_(settings.path),
      hash_key_(context.hash_key),
      compression_(compression),
      extension_(settings.extension.empty() ? default_extension(*context.encoder)
                                            : std::string_view(settings.extension)),
      folders_max_(static_cast<size_t>(settings.folders_max)),
      store_(std::move(store)),
      clock_(context.clock),
      seed_(context.seed),
      encoder_(context.encoder) {
  extension_ += extension_of(compression);
  if (path_.is_constant()) {
    only_folder_ = settings.path;
    only_folder_key_ = order_key_of_name(hash_key_, settings.path);
  }
}

SinkTraits LakeSink::traits() const {
  return {.events_max = 50000,
          .bytes_max = size_t{8} << 20,
          .wait = 5s,
          .lanes = kLanes,
          .lanes_max = kLanesMax,
          .writes_in_order = true,
          .folders = true};
}

Result<OrderKey> LakeSink::order_key(const Event& event) const {
  if (only_folder_) {
    return only_folder_key_;
  }
  thread_local std::string folder;  // an event needs no allocation
  folder.clear();
  TRY(path_.render(event, folder));
  return order_key_of_name(hash_key_, folder);
}

Result<> LakeSink::open(const Resume& resume, Stop stop) {
  pipeline_ = resume.pipeline;
  sink_ = resume.sink;
  prefix_ = object_prefix(owner());
  old_prefix_ = old_object_prefix(owner());
  // Which events a folder holds is also chosen by the path's placeholders.
  selection_ = object_selection(resume.selection + "\n" + (only_folder_ ? "" : path_text_));
  opened_ = clock_.wall().micros;
  slots_.clear();  // what is known of the folders goes: others may have been there
  slots_.resize(std::max(1U, resume.slots));
  const std::string_view fixed = only_folder_ ? *only_folder_ : path_.fixed_folder();
  const std::string old_owner = fmt::format("{}.{}.", pipeline_, sink_);
  return store_->open({.owner = object_part(owner(), ""),
                       .old_owner = has_ambiguous_old_names(owner()) ? "" : old_owner,
                       .fixed_folder = std::string(fixed),
                       .run = opened_},
                      std::move(stop));
}

// Two folders may meet in one order key, so that a batch holds events of both; and an event without
// a durable order belongs into no range. What has an order goes first: should the rest fail, it is
// found again.
Result<std::vector<LakeSink::Group>> LakeSink::groups_of(const Batch& batch) const {
  std::vector<Group> groups;
  std::string folder = only_folder_.value_or("");
  size_t last = 0;  // the group of the event before
  for (uint32_t i = 0; i < batch.events.size(); ++i) {
    const Event& event = *batch.events[i];
    const bool durable = !event.order.empty() && !batch.replay;
    const bool alike = i > 0 && groups[last].durable_order == durable &&
                       (only_folder_ || path_.is_surely_alike(*batch.events[i - 1], event));
    if (!alike) {
      if (!only_folder_) {
        folder.clear();
        TRY(path_.render(event, folder));
      }
      const auto found = std::ranges::find_if(groups, [&](const Group& group) {
        return group.durable_order == durable && group.folder == folder;
      });
      last = static_cast<size_t>(found - groups.begin());
      if (found == groups.end()) {
        groups.push_back({folder, durable, {}});
        groups.back().places.reserve(groups.size() == 1 ? batch.events.size() : 0);
      }
    }
    groups[last].places.push_back(i);
  }
  // Those with an order first; each group keeps the order of its events, whichever is the first.
  std::ranges::partition(groups, [](const Group& group) { return group.durable_order; });
  return groups;
}

void LakeSink::forget(Slot& slot, const std::string& folder) {
  const auto found = slot.folders.find(folder);
  if (found == slot.folders.end()) {
    return;
  }
  const auto entry = found->second;
  slot.bytes -= entry->coverage.bytes();
  slot.folders.erase(found);
  slot.recent.erase(entry);
}

Result<LakeSink::Folder*> LakeSink::use(Slot& slot, const Group& group, const Batch& batch,
                                        Stop stop) {
  const auto found = slot.folders.find(group.folder);
  if (found != slot.folders.end()) {
    slot.recent.splice(slot.recent.begin(), slot.recent, found->second);
    return &slot.recent.front();
  }
  TRY(Folder fresh, first_use(group, batch, std::move(stop)));
  slot.bytes += fresh.coverage.bytes();
  slot.recent.push_front(std::move(fresh));
  slot.folders.emplace(slot.recent.front().name, slot.recent.begin());
  while (slot.recent.size() > 1 && (slot.recent.size() > folders_max_ / slots_.size() + 1 ||
                                    slot.bytes > kCoverageBytesMax / slots_.size())) {
    forget(slot, std::string(slot.recent.back().name));
  }
  return &slot.recent.front();
}

// What is in an object need not be written again.
Result<LakeSink::Folder> LakeSink::first_use(const Group& group, const Batch& batch, Stop stop) {
  Folder fresh{group.folder, {}};
  const auto visit = [&](std::string_view name) { add(name, fresh.coverage); };
  TRY(store_->use(group.folder, batch.slot, visit, stop));
  if (!only_folder_) {
    std::string old;  // long values were cut in another way, and all events of a folder have one
    TRY(path_.render(*batch.events[group.places.front()], old, NameTemplate::Hashes::old));
    if (old != group.folder) {
      TRY(store_->list(old, visit, stop));
    }
  }
  return fresh;
}

void LakeSink::add(std::string_view object, Coverage& coverage) const {
  const bool now = object.starts_with(prefix_);
  if (!now && !object.starts_with(old_prefix_)) {
    return;
  }
  auto parsed = parse_object_name(object);
  if (!parsed || (!now && !parsed->selection.empty())) {
    return;
  }
  const bool certain = parsed->selection.empty() ? now || !has_ambiguous_old_names(owner())
                                                 : parsed->selection == selection_;
  coverage.add(object, std::move(*parsed), certain);
}

LakeSink::PartNames LakeSink::part_names(std::string_view part) const {
  PartNames names{object_part(owner(), part), old_object_part(owner(), part)};
  if (names.old == names.now) {
    names.old.clear();
  }
  return names;
}

Result<std::vector<Failure>> LakeSink::write(const Batch& batch, Stop stop) {
  std::vector<Failure> failures;
  if (batch.events.empty()) {
    return failures;
  }
  CHECK(batch.slot < slots_.size());
  Slot& slot = slots_[batch.slot];
  if (slot.compressor == nullptr) {
    slot.compressor = Compressor::make(compression_);
  }
  TRY(const std::vector<Group> groups, groups_of(batch));
  for (const Group& group : groups) {
    if (auto written = write_group(slot, group, batch, failures, stop); !written) {
      // What became durable before the error is found by listing the folder again.
      forget(slot, group.folder);
      return std::unexpected(std::move(written).error());
    }
  }
  std::ranges::sort(failures, {}, &Failure::index);
  return failures;
}

Result<bool> LakeSink::is_written(Folder& folder, const PartNames& part, const Event& event) const {
  Coverage& coverage = folder.coverage;
  const auto either = [&](auto&& question) {
    auto answer = question(part.now);
    return answer || part.old.empty() ? answer : question(part.old);
  };
  if (either([&](const std::string& name) { return coverage.covers(name, event.order); })) {
    return true;
  }
  const auto doubt =
      either([&](const std::string& name) { return coverage.in_doubt(name, event.order); });
  if (!doubt) {
    return false;
  }
  return fatal(fmt::format(
      "write to the lake: whether the object {} in {} holds {} cannot be told: other filters, "
      "transforms or another path chose its events, or its name is from a version in which two "
      "sinks may share it. Nothing was written. Either run with the earlier settings until the "
      "pipeline ends in order, and then with these; or move the objects of this part out of the "
      "folder, to have their events written again; or give the sink another `name`, to have all "
      "written again",
      *doubt, folder.name, describe(event)));
}

Result<> LakeSink::write_group(Slot& slot, const Group& group, const Batch& batch,
                               std::vector<Failure>& failures, Stop stop) {
  TRY(Folder * folder, use(slot, group, batch, stop));
  const PartNames part = part_names(batch.part);
  bool asks = false;
  if (group.durable_order) {
    const std::string_view first = batch.events[group.places.front()]->order;
    const size_t before = folder->coverage.bytes();
    const bool goes_on = folder->coverage.begin_at(part.now, first) &&
                         (part.old.empty() || folder->coverage.begin_at(part.old, first));
    slot.bytes = slot.bytes - before + folder->coverage.bytes();
    if (!goes_on) {
      forget(slot, group.folder);
      TRY(folder, use(slot, group, batch, stop));
    }
    asks = !folder->coverage.is_empty_for(part.now) ||
           (!part.old.empty() && !folder->coverage.is_empty_for(part.old));
  }
  ObjectWriter object(*store_, group.folder, batch.slot, slot.text, slot.compressor.get());
  if (batch.replay) {
    object.hash_content();
  }
  ObjectRange range;
  RejectedKeys rejected_keys;
  for (const uint32_t place : group.places) {
    const Event& event = *batch.events[place];
    bool gap = false;
    if (asks) {
      TRY(gap, is_written(*folder, part, event));
    }
    if (!gap) {
      const size_t before = failures.size();
      if (!rejected_keys.hold_back(event, place, failures)) {
        TRY(rejected_keys.note(append_line(*encoder_, event, object.text()), event, place,
                               failures));
      }
      gap = failures.size() > before;
    }
    if (!gap) {
      range.add(event.order);
      TRY(object.appended(event.id));
    } else if (range.ends_at_gap()) {
      TRY(finish(slot, batch, part.now, object, range));
    }
    if (stop.stop_requested()) {
      return fail(Error::Kind::cancelled, "write an object in " + group.folder + ": stopped");
    }
  }
  return range.empty() ? Result<>{} : finish(slot, batch, part.now, object, range);
}

Result<std::string> LakeSink::name_of_object(const Slot& slot, const Batch& batch,
                                             const std::string& part, const ObjectWriter& object,
                                             const ObjectRange& range) const {
  if (batch.replay) {
    // The content names it: a replay that is tried again meets its own name.
    return replay_object_name(part, object.content_hash(), extension_);
  }
  if (range.first().empty()) {
    Random random(seed_ ^ hash64(part, static_cast<uint64_t>(opened_)));
    const uint64_t number = slot.objects << 4 | batch.slot;
    return unique_object_name(part, opened_, random.next() ^ number, extension_);
  }
  return object_name({part, range.first(), range.last(), selection_}, extension_,
                     store_->name_bytes_max());
}

Result<> LakeSink::finish(Slot& slot, const Batch& batch, const std::string& part,
                          ObjectWriter& object, ObjectRange& range) {
  ++slot.objects;
  TRY(const std::string name, name_of_object(slot, batch, part, object, range));
  TRY(const bool fresh, object.finish(name));
  range.clear();
  if (!fresh && !batch.replay) {
    return transient("write the object " + name +
                     ": another process wrote it meanwhile; its folder is listed again");
  }
  return {};
}

}  // namespace penstock::lake
