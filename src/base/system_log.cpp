#include "base/system_log.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "base/format.h"
#include "base/hash.h"
#include "base/json_string.h"
#include "base/utf8.h"

namespace penstock {

namespace {

std::string_view name_of(Log::Level level) {
  switch (level) {
    case Log::Level::debug:
      return "DEBUG";
    case Log::Level::info:
      return "INFO";
    case Log::Level::warn:
      return "WARN";
    case Log::Level::error:
      return "ERROR";
  }
  unreachable();
}

// The length of the printable character at the front of a text; 0 when it is none.
size_t printable_length(std::string_view text) {
  const size_t length = utf8_length(text);
  const auto first = static_cast<unsigned char>(text.front());
  const bool control = length == 1 && (first < 0x20 || first == 0x7f);
  // U+0080 to U+009F are controls too: some terminals take U+009B for the start of a command.
  const bool high_control =
      length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
  return control || high_control ? 0 : length;
}

// Shortened to whole characters, with a mark.
std::string_view cut(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) {
    return text;
  }
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80) {
    --bytes_max;
  }
  return text.substr(0, bytes_max);
}

size_t columns_of(int descriptor) {
  winsize size{};
  const bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

void append_printable(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const size_t length = printable_length(text);
    if (length > 0) {
      out.append(text.substr(0, length));
    } else if (text.front() == '\n') {
      out += "\\n";
    } else {
      append_format(out, "\\x{:02x}", static_cast<unsigned char>(text.front()));
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
}

void append_json_printable(std::string_view text, std::string& out) {
  std::string clean;
  append_printable(text, clean);
  append_json_string(clean, out);
}

SystemLog::SystemLog(Clock& clock, Options options)
    : clock_(clock),
      descriptor_(options.descriptor),
      terminal_(::isatty(options.descriptor) == 1),
      level_(options.level),
      format_(options.format) {}

SystemLog::~SystemLog() {
  const MutexLock lock(mutex_);
  progress_.clear();
  std::string lines;
  report_repeats(clock_.now(), /*all=*/true, lines);
  flush(lines);
}

void SystemLog::configure(Level level, Format format) {
  const MutexLock lock(mutex_);
  level_ = level;
  format_ = format;
}

void SystemLog::write(Level level, std::string_view where, std::string_view what) {
  const Instant now = clock_.now();
  const MutexLock lock(mutex_);
  if (level < level_) {
    return;
  }
  std::string lines;
  report_repeats(now, /*all=*/false, lines);
  const uint64_t hash = hash64(what, hash64(where, static_cast<uint64_t>(level)));
  const auto same = std::ranges::find(recent_, hash, &Recent::hash);
  if (same != recent_.end()) {
    ++same->repeated;
    return flush(lines);
  }
  put(level, where, what, 0, lines);
  Recent& oldest = *std::ranges::min_element(recent_, {}, &Recent::since);
  if (oldest.repeated > 0) {
    put(oldest.level, oldest.where, oldest.what, oldest.repeated, lines);
  }
  oldest = {.hash = hash,
            .since = now,
            .repeated = 0,
            .level = level,
            .where = std::string(where),
            .what = std::string(cut(what, kLineBytesMax))};
  flush(lines);
}

void SystemLog::report_repeats(Instant now, bool all, std::string& out) {
  for (Recent& recent : recent_) {
    if (recent.hash == 0 || (!all && now - recent.since < kRepeatWindow)) {
      continue;
    }
    if (recent.repeated > 0) {
      put(recent.level, recent.where, recent.what, recent.repeated, out);
    }
    recent = {};
  }
}

void SystemLog::put(Level level, std::string_view where, std::string_view what, uint64_t repeated,
                    std::string& out) const {
  const std::string_view kept = cut(what, kLineBytesMax);
  if (format_ == Format::json) {
    out += "{\"at\":\"";
    append_iso8601(clock_.wall(), out);
    append_format(out, "\",\"level\":\"{}\",\"where\":", name_of(level));
    append_json_printable(where, out);
    out += ",\"what\":";
    append_json_printable(kept, out);
    if (repeated > 0) {
      append_format(out, ",\"repeated\":{}", repeated);
    }
    out += "}\n";
    return;
  }
  append_iso8601(clock_.wall(), out);
  append_format(out, " {:<5} ", name_of(level));
  append_printable(where, out);
  out += where.empty() ? "" : ": ";
  append_printable(kept, out);
  out += kept.size() < what.size() ? " (cut)" : "";
  if (repeated > 0) {
    append_format(out, " (repeated {} times)", repeated);
  }
  out += '\n';
}

void SystemLog::progress(std::string_view text) {
  if (!terminal_) {
    return;
  }
  const MutexLock lock(mutex_);
  std::string line;
  append_printable(text, line);
  line = cut(line, columns_of(descriptor_) - 1);
  const bool had_one = !progress_.empty();
  progress_ = std::move(line);
  if (had_one || !progress_.empty()) {
    std::string out = "\r\x1b[K" + progress_;
    (void)!::write(descriptor_, out.data(), out.size());  // nobody can be told of a broken terminal
  }
}

void SystemLog::flush(std::string_view lines) {
  if (lines.empty()) {
    return;
  }
  std::string out;
  if (terminal_) {
    out = "\r\x1b[K";
  }
  out += lines;
  out += progress_;
  std::string_view left = out;
  while (!left.empty()) {
    const ssize_t put = ::write(descriptor_, left.data(), left.size());
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put <= 0) {
      return;  // a log that cannot be written must not stop the data
    }
    left.remove_prefix(static_cast<size_t>(put));
  }
}

}  // namespace penstock
