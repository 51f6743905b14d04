#include "dead_letters/letter_log.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/format.h"
#include "base/number.h"
#include "dead_letters/log_file.h"

namespace penstock::dead_letters {

namespace {

constexpr std::string_view kPrefix = "letters-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr std::string_view kLedgerKind = "penstock_replayed";
constexpr std::string_view kSequences = ",\"sequences\":[";
constexpr uint64_t kLedgerVersion = 1;

std::unexpected<Error> damaged(const std::string& path, uint64_t offset, std::string_view what) {
  return fatal(
      fmt::format("dead letters {}: damaged at byte {}: {}; restore a copy, or move the "
                  "file away to go on without its letters",
                  path, offset, what));
}

std::unexpected<Error> at_place(const std::string& path, uint64_t offset, const Error& error) {
  return fail(error.kind, fmt::format("dead letters {}, byte {}: {}", path, offset, error.what));
}

Result<> add_sequences(std::string_view text, Ledger& ledger) {
  while (!text.empty()) {
    uint64_t sequence = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), sequence);
    if (code != std::errc{}) {
      return rejected("a number is expected");
    }
    ledger.replayed.insert(sequence);
    ledger.highest = std::max(ledger.highest, sequence);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.starts_with(',')) {
      text.remove_prefix(1);
    }
  }
  return {};
}

}  // namespace

std::string segment_path(const std::string& folder, uint64_t first) {
  return fmt::format("{}/{}{:020}{}", folder, kPrefix, first, kSuffix);
}

std::string ledger_path(const std::string& folder) {
  return folder + "/replayed.jsonl";
}

Result<std::vector<Segment>> list_segments(Files& files, const std::string& folder) {
  TRY(const std::vector<std::string> names, files.list(folder));  // sorted, and so are the numbers
  std::vector<Segment> segments;
  for (const std::string& name : names) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) {
      continue;
    }
    const std::string_view digits = std::string_view(name).substr(
        kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    const uint64_t first = number_from<uint64_t>(digits).value_or(0);
    if (first == 0) {
      continue;
    }
    segments.push_back({.path = folder + "/" + name, .first = first});
  }
  return segments;
}

Result<Scan> scan_segment(Files& files, const Segment& segment, bool is_last, Scan from,
                          const Visit& visit) {
  TRY(LineReader lines, LineReader::open(files, segment.path, from.end));
  Scan scan = from;
  bool torn = false;
  while (true) {
    TRY(const std::optional<LineReader::Line> line, lines.next());
    if (!line) {
      break;
    }
    Result<LetterLine> letter = rejected("the line is cut");
    if (line->whole) {
      letter = parse_line(line->text);
    }
    if (!letter && letter.error().kind == Error::Kind::fatal) {
      return at_place(segment.path, line->offset, letter.error());
    }
    if (!letter || torn) {
      // Lines of one write may reach the disk in any order. What was written later was begun only
      // after the broken line had been acknowledged: then it is no torn write but damage.
      if (!is_last || (letter && letter->write_first > scan.next)) {
        return damaged(segment.path, scan.end, "a letter is unreadable, and others follow it");
      }
      torn = true;
      scan.torn_bytes = line->offset + line->text.size() + (line->whole ? 1 : 0) - scan.end;
      continue;
    }
    if (letter->letter.sequence != scan.next) {
      return damaged(segment.path, line->offset,
                     fmt::format("it holds letter {} where {} is expected", letter->letter.sequence,
                                 scan.next));
    }
    if (letter->write_first == scan.next) {
      scan.last_write = line->offset;
    }
    ++scan.next;
    scan.end = line->offset + line->text.size() + 1;
    if (!visit(*std::move(letter))) {
      break;
    }
  }
  return scan;
}

Result<Ledger> read_ledger(Files& files, const std::string& folder, Ledger from) {
  const std::string path = ledger_path(folder);
  TRY(const std::optional<FileInfo> info, files.info(path));
  if (!info) {
    return Ledger{};
  }
  Ledger ledger = info->size < from.end ? Ledger{} : std::move(from);
  if (info->size == ledger.end) {
    return ledger;
  }
  TRY(LineReader lines, LineReader::open(files, path, ledger.end));
  bool torn = false;
  while (true) {
    TRY(const std::optional<LineReader::Line> line, lines.next());
    if (!line) {
      return ledger;
    }
    if (torn) {  // a write is one line: nothing can follow a torn one
      return damaged(path, ledger.end, "a line is unreadable, and others follow it");
    }
    Result<> added = rejected("the line is cut");
    if (line->whole) {
      added = add_ledger_line(line->text, ledger);
    }
    if (!added && added.error().kind == Error::Kind::fatal) {
      return at_place(path, line->offset, added.error());
    }
    if (!added) {
      torn = true;
      continue;
    }
    ledger.last_line = line->offset;
    ledger.end = line->offset + line->text.size() + 1;
  }
}

Result<> add_ledger_line(std::string_view line, Ledger& ledger) {
  TRY(const std::string_view body, open_line(line, kLedgerKind, kLedgerVersion));
  const size_t at = body.find(kSequences);
  if (at == std::string_view::npos || !body.ends_with(']')) {
    return rejected("the line names no letters");
  }
  const size_t begin = at + kSequences.size();
  return add_sequences(body.substr(begin, body.size() - 1 - begin), ledger);
}

std::string ledger_line(std::span<const uint64_t> sequences, Timestamp at) {
  std::string line = fmt::format("{{\"{}\":{},\"at\":\"{}\"{}", kLedgerKind, kLedgerVersion,
                                 to_iso8601(at), kSequences);
  for (size_t i = 0; i < sequences.size(); ++i) {
    append_format(line, "{}{}", i == 0 ? "" : ",", sequences[i]);
  }
  line += ']';
  seal_line(0, line);
  return line;
}

}  // namespace penstock::dead_letters
