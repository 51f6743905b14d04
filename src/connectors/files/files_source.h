// The source `files`: lines of files, each file a part. Made by the engine; parts() and open() on
// one thread at a time.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/fields.h"
#include "core/context.h"
#include "core/source.h"

namespace penstock::files {

class FilesSource final : public Source {
 public:
  static constexpr std::string_view kDefaultFormat = "raw";
  struct Settings {
    std::vector<std::string> path = {};
    bool follow = true;
    std::string last_line = "auto";
    std::string at = "file";
    config::ByteSize line_max{uint64_t{16} << 20};
    int64_t files_max = 10000;
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Source>> make(Settings settings, const Context& context);
  FilesSource(Settings settings, const Context& context)
      : settings_(std::move(settings)), context_(context) {}

  SourceTraits traits() const override;
  std::string fingerprint() const override;
  Result<std::vector<Part>> parts(const Checkpoint& checkpoint, Stop stop) override;
  Result<std::unique_ptr<Reader>> open(const Part& part, const std::optional<Position>& position,
                                       Signal signal, Stop stop) override;
  std::optional<Position> position_before(const Position& end,
                                          std::string_view order) const override;

 private:
  std::map<std::string, std::string> old_ids_of(std::span<const std::string> paths,
                                                const Checkpoint& checkpoint) const;  // by path
  bool is_owner(const std::string& path, const Position& position) const;
  Result<std::shared_ptr<const void>> hold_place(const std::string& path);

  Settings settings_;
  Context context_;
  std::vector<std::weak_ptr<const void>> open_;  // places of readers, and of some that are gone
  std::unordered_map<std::string, std::string> paths_;  // by part id
  std::unordered_map<std::string, std::string> ids_;    // by path
  bool warned_ = false;                                 // that there is no file
};

}  // namespace penstock::files
