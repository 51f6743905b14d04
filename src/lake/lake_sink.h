// LakeSink: what every lake does, whatever its store. Events go into objects, which are written
// once and never changed, in folders named from the data. Made by a connector's make(), for the
// engine; write() from several threads, one a slot.
#pragma once

#include <list>
#include <unordered_map>

#include "config/fields.h"
#include "core/codec.h"
#include "core/context.h"
#include "core/sink.h"
#include "lake/object_store.h"
#include "lake/object_writer.h"
#include "naming/name_template.h"
#include "naming/object_name.h"

namespace penstock::lake {

// What the settings of every lake have; a connector declares them beside its own.
struct Settings {
  std::string path = {};
  std::string compression = "none";
  std::string extension = {};
  int64_t folders_max = 1000;
  void fields(config::FieldVisitor& visitor);
};

class LakeSink final : public Sink {
 public:
  // `connector`: for errors. `fatal` for settings that make no lake.
  static Result<std::unique_ptr<Sink>> make(std::string_view connector, Settings settings,
                                            std::unique_ptr<ObjectStore> store,
                                            const Context& context);

  SinkTraits traits() const override;
  Result<OrderKey> order_key(const Event& event) const override;
  Result<> open(const Resume& resume, Stop stop) override;
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override;

 private:
  struct Folder {
    std::string name;
    Coverage coverage;  // by the objects that were there at the first use
  };
  struct Slot {                // of one writer at a time
    std::list<Folder> recent;  // the one used last is the first
    std::unordered_map<std::string_view, std::list<Folder>::iterator> folders;  // by its name
    size_t bytes = 0;                                                           // of all coverages
    uint64_t objects = 0;                                                       // begun in this run
    std::string text;  // buffer of the open object
    std::unique_ptr<Compressor> compressor;
  };
  struct Group {  // of a batch: what may share an object
    std::string folder;
    bool durable_order = false;
    std::vector<uint32_t> places;  // in the batch
  };
  struct PartNames {
    std::string now;
    std::string old;  // empty where it is the same
  };

  LakeSink(NameTemplate path, Compression compression, const Settings& settings,
           std::unique_ptr<ObjectStore> store, const Context& context);

  Result<std::vector<Group>> groups_of(const Batch& batch) const;
  Result<Folder*> use(Slot& slot, const Group& group, const Batch& batch, Stop stop);
  Result<Folder> first_use(const Group& group, const Batch& batch, Stop stop);
  void add(std::string_view object, Coverage& coverage) const;
  static void forget(Slot& slot, const std::string& folder);
  PartNames part_names(std::string_view part) const;
  Result<> write_group(Slot& slot, const Group& group, const Batch& batch,
                       std::vector<Failure>& failures, Stop stop);
  Result<bool> is_written(Folder& folder, const PartNames& part, const Event& event) const;
  Result<> finish(Slot& slot, const Batch& batch, const std::string& part, ObjectWriter& object,
                  ObjectRange& range);
  Result<std::string> name_of_object(const Slot& slot, const Batch& batch, const std::string& part,
                                     const ObjectWriter& object, const ObjectRange& range) const;
  PartOwner owner() const { return {.pipeline = pipeline_, .sink = sink_}; }

  NameTemplate path_;
  std::string path_text_;
  HashKey hash_key_;
  std::optional<std::string> only_folder_;  // where the path has no placeholder
  OrderKey only_folder_key_;
  Compression compression_;
  std::string extension_;
  size_t folders_max_;
  std::unique_ptr<ObjectStore> store_;
  Clock& clock_;
  uint64_t seed_;
  std::shared_ptr<const Encoder> encoder_;
  // Of this run: set by open().
  std::string pipeline_;
  std::string sink_;
  std::string prefix_;  // in front of the part: other sinks may share the folder
  std::string old_prefix_;
  std::string selection_;  // in the names of objects
  int64_t opened_ = 0;     // wall clock, for unique names
  std::vector<Slot> slots_;
};

}  // namespace penstock::lake
