// The sink `files`: a local lake. Events go into objects (files that are written once and never
// changed) in folders named from the data. Made by the engine; write() from several threads, one a
// lane.
#pragma once

#include <array>
#include <unordered_map>

#include "config/fields.h"
#include "connectors/files/object_writer.h"
#include "core/codec.h"
#include "core/context.h"
#include "core/sink.h"
#include "naming/name_template.h"
#include "naming/object_name.h"

namespace penstock::files {

class FilesSink final : public Sink {
 public:
  struct Settings {
    std::string path = {};
    std::string compression = "none";
    std::string extension = {};
    int64_t folders_max = 1000;
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Sink>> make(Settings settings, const Context& context);
  FilesSink(NameTemplate path, Compression compression, const Settings& settings,
            const Context& context);

  SinkTraits traits() const override;
  Result<OrderKey> order_key(const Event& event) const override;
  Result<> open(const Resume& resume, Stop stop) override;
  Result<std::vector<Failure>> write(const Batch& batch, Stop stop) override;

 private:
  static constexpr uint32_t kLanesMax = 16;

  struct Folder {
    Coverage coverage;       // by the objects that were there at the first use
    uint64_t last_used = 0;  // of Lane::uses
  };
  struct Lane {  // of one writer at a time
    std::unordered_map<std::string, Folder> folders;
    uint64_t uses = 0;
    uint64_t objects = 0;  // begun in this run
    std::string text;      // buffer of the open object
    std::unique_ptr<Compressor> compressor;
  };

  Result<std::string> folder_of(const Event& event) const;
  Result<Folder*> use(uint32_t number, const std::string& folder);
  std::string temporary_name(uint32_t lane) const;
  Result<Folder> first_use(const std::string& folder, uint32_t lane);
  Result<> sync_parents(std::string_view folder);
  Result<std::vector<Failure>> write_folder(Lane& lane, const std::string& folder,
                                            const Batch& batch, Stop stop);
  Result<> finish(Lane& lane, const Batch& batch, ObjectWriter& object, ObjectRange& range);
  Result<std::string> name_of_object(Lane& lane, const Batch& batch, const ObjectWriter& object,
                                     const ObjectRange& range) const;

  NameTemplate path_;
  std::optional<std::string> only_folder_;  // where the path has no placeholder
  HashKey hash_key_;
  OrderKey only_folder_key_;
  Compression compression_;
  std::string extension_;
  size_t folders_per_lane_;
  Files& files_;
  Clock& clock_;
  uint64_t seed_;
  std::shared_ptr<const Encoder> encoder_;
  std::string prefix_;            // in front of the part: other sinks may share the folder
  std::string temporary_prefix_;  // of this sink's temporary files
  std::string temporary_of_run_;  // of those that this run is writing
  int64_t opened_ = 0;            // wall clock, for unique names
  std::array<Lane, kLanesMax> lanes_;
};

}  // namespace penstock::files
