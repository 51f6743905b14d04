// FieldVisitor: a component declares each of its settings once, in `void fields(FieldVisitor&)`,
// beside the default (the member's initialiser) and the sentence that explains it. The parser, the
// checker, the reference page, the JSON schema and the redaction are visitors over the same call.
// One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock::config {

struct ByteSize {  // "4MiB", "1000", "250KB"
  uint64_t bytes = 0;
  bool operator==(const ByteSize&) const = default;
};

struct FieldOptions {
  std::string_view doc;  // one sentence for the user
  bool required = false;
  bool secret = false;                         // never shown in logs, status, errors
  std::vector<std::string_view> choices = {};  // the only values allowed (strings)
  std::optional<int64_t> min = {};  // inclusive, for numbers, sizes (bytes) and durations (ns)
  std::optional<int64_t> max = {};
};

class FieldVisitor;

// A group of fields that stands under one key.
class FieldGroup {
 public:
  virtual ~FieldGroup() = default;
  virtual void fields(FieldVisitor& visitor) = 0;
};

class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;
  virtual void field(std::string_view name, std::string& value, const FieldOptions& options) = 0;
  virtual void field(std::string_view name, bool& value, const FieldOptions& options) = 0;
  virtual void field(std::string_view name, int64_t& value, const FieldOptions& options) = 0;
  virtual void field(std::string_view name, double& value, const FieldOptions& options) = 0;
  virtual void field(std::string_view name, Duration& value, const FieldOptions& options) = 0;
  virtual void field(std::string_view name, ByteSize& value, const FieldOptions& options) = 0;
  virtual void field(std::string_view name, std::vector<std::string>& value,
                     const FieldOptions& options) = 0;
  virtual void field(std::string_view name, std::map<std::string, std::string>& value,
                     const FieldOptions& options) = 0;
  virtual void field(std::string_view name, FieldGroup& value, const FieldOptions& options) = 0;
  // Absent means nullopt: for settings whose absence differs from every value.
  virtual void field(std::string_view name, std::optional<int64_t>& value,
                     const FieldOptions& options) = 0;
  virtual void field(std::string_view name, std::optional<Duration>& value,
                     const FieldOptions& options) = 0;
  // A subtree of free shape (an event pattern, the values of `set`): kept as JSON text.
  virtual void json(std::string_view name, std::string& json_text, const FieldOptions& options) = 0;
};

// A settings struct:
//   struct Settings {
//     std::string path;
//     void fields(config::FieldVisitor& v) {
//       v.field("path", path, {.doc = "Folder of the objects.", .required = true});
//     }
//   };
// A component whose whole value is one scalar or subtree (`filter: {…}`) names its field "".

}  // namespace penstock::config
