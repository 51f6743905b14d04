// SystemLog: log lines for people (or, as JSON, for machines) on standard error, and below them the
// one-line live progress of a terminal, which it clears before a line and draws again after it.
// The program owns one. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/mutex.h"
#include "base/time.h"

namespace penstock {

class SystemLog final : public Log {
 public:
  enum class Format { text, json };
  struct Options {
    Level level = Level::info;
    Format format = Format::text;
    int descriptor = 2;
  };
  // The same line again within this time is counted, not written; the count follows later.
  static constexpr Duration kRepeatWindow = 10s;
  static constexpr size_t kLineBytesMax = size_t{8} << 10;  // what is longer is cut, and says so

  explicit SystemLog(Clock& clock) : SystemLog(clock, Options{}) {}
  SystemLog(Clock& clock, Options options);
  ~SystemLog() override;
  SystemLog(const SystemLog&) = delete;
  SystemLog& operator=(const SystemLog&) = delete;

  void configure(Level level, Format format);
  void write(Level level, std::string_view where, std::string_view what) override;

  bool is_terminal() const { return terminal_; }
  // Shows this text (cut to the terminal's width) below the log; empty: takes it away. Nothing
  // happens where the output is no terminal.
  void progress(std::string_view text);

 private:
  struct Recent {  // a line that was written not long ago
    uint64_t hash = 0;
    Instant since;
    uint64_t repeated = 0;  // since then, not written
    Level level = Level::info;
    std::string where, what;
  };
  void put(Level level, std::string_view where, std::string_view what, uint64_t repeated,
           std::string& out) const REQUIRES(mutex_);
  void report_repeats(Instant now, bool all, std::string& out) REQUIRES(mutex_);
  void flush(std::string_view lines) REQUIRES(mutex_);  // around the progress line

  Clock& clock_;
  int descriptor_;
  bool terminal_;
  Mutex mutex_;  // writing to standard error happens under it: lines and progress stay whole
  Level level_ GUARDED_BY(mutex_);
  Format format_ GUARDED_BY(mutex_);
  std::array<Recent, 16> recent_ GUARDED_BY(mutex_);
  std::string progress_ GUARDED_BY(mutex_);
};

// Text of unknown origin, fit for one line of a terminal: control bytes and bytes that are no UTF-8
// are written as \xNN.
void append_printable(std::string_view text, std::string& out);
void append_json_printable(std::string_view text, std::string& out);  // as a JSON string

}  // namespace penstock
