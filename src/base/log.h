// Log: lines for operators on stderr. ERROR: a person must act or data waits. WARN: unexpected,
// recovered. INFO: start, stop, state change. DEBUG: never per event. Any thread.
#pragma once

#include <string_view>

namespace penstock {

class Log {
 public:
  enum class Level { debug, info, warn, error };
  virtual ~Log() = default;
  // `where`: pipeline and component, as "ingest/files". `what`: one sentence, no secrets.
  virtual void write(Level level, std::string_view where, std::string_view what) = 0;

  void debug(std::string_view where, std::string_view what) { write(Level::debug, where, what); }
  void info(std::string_view where, std::string_view what) { write(Level::info, where, what); }
  void warn(std::string_view where, std::string_view what) { write(Level::warn, where, what); }
  void error(std::string_view where, std::string_view what) { write(Level::error, where, what); }
};

class NullLog final : public Log {
 public:
  void write(Level, std::string_view, std::string_view) override {}
};

}  // namespace penstock
