// LocalObjects: a lake's objects as files of a local disk. An object is written under a temporary
// name (a dot in front), synced, given its name if that is free, and its folder synced. Owned by
// one sink; threads as ObjectStore says.
#pragma once

#include "base/files.h"
#include "lake/object_store.h"

namespace penstock::files {

class LocalObjects final : public lake::ObjectStore {
 public:
  explicit LocalObjects(Files& files) : files_(files) {}

  size_t name_bytes_max() const override { return 255; }
  Result<> open(const Opening& opening, Stop stop) override;
  Result<> use(const std::string& folder, uint32_t slot, const Visit& visit, Stop stop) override;
  Result<> list(const std::string& folder, const Visit& visit, Stop stop) override;
  std::unique_ptr<lake::ObjectDraft> begin(const std::string& folder, uint32_t slot) override;

 private:
  std::string temporary_name(uint32_t slot) const;
  bool is_left_over(std::string_view name, uint32_t slot) const;
  Result<> sync_parents(std::string_view folder);

  Files& files_;
  std::string fixed_folder_;
  std::string prefix_;      // of this sink's temporary files
  std::string old_prefix_;  // as earlier versions named them; may be empty
  std::string run_prefix_;  // of those that this run is writing
};

}  // namespace penstock::files
