// FakeObjectStore: a bucket in memory, for tests: an object is put whole and on condition that its
// key is free, and the answer may be lost. The bucket outlives the stores that use it. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "lake/object_store.h"

namespace penstock::lake {

struct FakeBucket {
  std::map<std::string, std::string, std::less<>> objects;  // by folder/name
  int lost_answers = 0;  // so many puts take effect and answer with an error
  int lists = 0;
  size_t name_bytes_max = 255;
};

class FakeObjectStore final : public ObjectStore {
 public:
  explicit FakeObjectStore(FakeBucket& bucket) : bucket_(bucket) {}

  size_t name_bytes_max() const override { return bucket_.name_bytes_max; }
  Result<> open(const Opening& /*opening*/, Stop /*stop*/) override { return {}; }
  Result<> use(const std::string& folder, uint32_t /*slot*/, const Visit& visit,
               Stop stop) override {
    return list(folder, visit, std::move(stop));
  }
  Result<> list(const std::string& folder, const Visit& visit, Stop /*stop*/) override {
    ++bucket_.lists;
    const std::string prefix = folder + "/";
    for (auto at = bucket_.objects.lower_bound(prefix);
         at != bucket_.objects.end() && at->first.starts_with(prefix); ++at) {
      if (const auto name = at->first.substr(prefix.size()); name.find('/') == std::string::npos) {
        visit(name);
      }
    }
    return {};
  }
  std::unique_ptr<ObjectDraft> begin(const std::string& folder, uint32_t /*slot*/) override {
    return std::make_unique<Draft>(bucket_, folder);
  }

 private:
  class Draft final : public ObjectDraft {
   public:
    Draft(FakeBucket& bucket, std::string folder) : bucket_(bucket), folder_(std::move(folder)) {}
    Result<> append(std::string_view bytes) override {
      bytes_ += bytes;
      return {};
    }
    Result<bool> finish(const std::string& name) override {
      const bool fresh = bucket_.objects.emplace(folder_ + "/" + name, bytes_).second;
      if (bucket_.lost_answers > 0) {
        --bucket_.lost_answers;
        return transient("no answer");
      }
      return fresh;
    }

   private:
    FakeBucket& bucket_;
    std::string folder_;
    std::string bytes_;
  };

  FakeBucket& bucket_;
};

}  // namespace penstock::lake
