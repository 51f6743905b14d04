#include "connectors/event_store/source.h"

#include <fmt/core.h>

#include <algorithm>

#include "connectors/event_store/stored_event.h"

namespace penstock::event_store {

namespace {

Error lost(std::string what) {
  return {Error::Kind::lost_position, std::move(what), std::nullopt};
}

class StoreReader final : public Reader {
 public:
  StoreReader(Store store, sqlite::Statement rows, StorePosition position, std::string path,
              Files& files)
      : store_(std::move(store)),
        rows_(std::move(rows)),
        position_(std::move(position)),
        path_(std::move(path)),
        files_(files),
        events_(store_.identity) {}

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override;
  Result<> commit(const Position&, Stop) override { return {}; }  // rows stay

 private:
  Result<> check_in_place();
  Result<> check_not_older();

  Store store_;
  sqlite::Statement rows_;
  StorePosition position_;
  std::string path_;
  Files& files_;
  uint64_t size_seen_ = 0;  // of the file, which never shrinks
  StoredEvents events_;
};

Result<> StoreReader::check_in_place() {
  if (!store_.database->in_place()) {
    return std::unexpected(lost(fmt::format(
        "event store {}: it was deleted or replaced while it is read; put it back, or choose by "
        "on_lost_position where to go on",
        path_)));
  }
  TRY(const std::optional<FileInfo> info, files_.info(path_));
  const uint64_t size = info ? info->size : 0;
  if (size < size_seen_) {
    return std::unexpected(
        lost(fmt::format("event store {}: it shrank from {} to {} bytes while it is read: it was "
                         "cut or overwritten; restore a copy",
                         path_, size_seen_, size)));
  }
  if (size == size_seen_) {
    return {};
  }
  size_seen_ = size;
  return check_not_older();
}

// A store that was overwritten by an older copy ends before the position. Asked when the file's
// size changed, so that an idle reader costs little.
Result<> StoreReader::check_not_older() {
  TRY(const Progress progress, read_progress(*store_.database));
  if (progress.identity != position_.identity || progress.last_sequence < position_.sequence) {
    return std::unexpected(lost(fmt::format(
        "event store {}: it ends at sequence {}, before the position {}: it was replaced by an "
        "older copy; choose by on_lost_position where to go on",
        path_, progress.last_sequence, position_.sequence)));
  }
  return {};
}

Result<Read> StoreReader::read(EventBlock& block, const ReadLimits& limits, Stop) {
  TRY(check_in_place());
  const uint32_t most = std::max<uint32_t>(limits.events, 1);
  rows_.bind(1, position_.sequence);
  rows_.bind(2, most);
  uint32_t count = 0;
  size_t bytes = 0;
  Read read;
  StorePosition next = position_;
  const size_t events_before = block.events.size();
  while (count < most && (count == 0 || bytes < limits.bytes)) {
    Result<bool> row = rows_.step();
    if (!row) {
      block.events.resize(events_before);  // the next read begins where this one did
      return std::unexpected(std::move(row).error());
    }
    if (!*row) {
      read.caught_up = true;
      break;
    }
    const Row stored{.stream = rows_.bytes(0),
                     .sequence = rows_.integer(1),
                     .id = rows_.bytes(2),
                     .at = rows_.bytes(3),
                     .type = rows_.bytes(4),
                     .data = rows_.bytes(5)};
    events_.append(stored, block);
    next.sequence = stored.sequence;
    bytes += block.events.back().bytes();
    ++count;
  }
  rows_.reset();  // ends the read transaction, else the log could not be folded into the file
  position_ = std::move(next);
  read.position = encode(position_);
  return read;
}

}  // namespace

Result<std::unique_ptr<Source>> EventStoreSource::make(Settings settings, const Context& context) {
  return std::unique_ptr<Source>(new EventStoreSource(std::move(settings), context.files));
}

SourceTraits EventStoreSource::traits() const {
  return {.generation_bytes = StoredEvents::kGenerationBytes, .starts_latest = true};
}

Result<std::vector<Part>> EventStoreSource::parts(const Checkpoint&, Stop) {
  return std::vector<Part>{{.id = "events"}};
}

Result<std::unique_ptr<Reader>> EventStoreSource::open(const Part& part,
                                                       const std::optional<Position>& position,
                                                       Signal, Stop) {
  StorePosition start;
  if (position) {
    TRY(start, decode_position(*position));
    TRY(const std::optional<FileInfo> info, files_.info(settings_.path));
    if (!info) {
      return std::unexpected(lost(fmt::format(
          "event store {}: it is gone, and the saved position points into it; put it back, or "
          "choose by on_lost_position where to go on",
          settings_.path)));
    }
  }
  TRY(Store store, Store::open(files_, settings_.path, {.create = !position}));
  TRY(const Progress progress, read_progress(*store.database));
  if (position && start.identity != store.identity) {
    return std::unexpected(lost(fmt::format(
        "event store {}: it is another store ({}) than the one of the saved position ({}); put "
        "that one back, or choose by on_lost_position where to go on",
        settings_.path, store.identity, start.identity)));
  }
  if (position && start.sequence > progress.last_sequence) {
    return std::unexpected(
        lost(fmt::format("event store {}: it ends at sequence {}, before the saved position {}: it "
                         "is an older copy; "
                         "choose by on_lost_position where to go on",
                         settings_.path, progress.last_sequence, start.sequence)));
  }
  if (!position) {
    const bool latest = part.start == Part::Start::configured ? settings_.start == "latest"
                                                              : part.start == Part::Start::latest;
    start = {.identity = store.identity, .sequence = latest ? progress.last_sequence : 0};
  }
  TRY(sqlite::Statement rows,
      store.database->prepare("SELECT stream, sequence, id, at, type, data FROM events "
                              "WHERE sequence>?1 ORDER BY sequence LIMIT ?2"));
  return std::make_unique<StoreReader>(std::move(store), std::move(rows), std::move(start),
                                       settings_.path, files_);
}

std::optional<Position> EventStoreSource::position_before(const Position& end,
                                                          std::string_view order) const {
  Result<StorePosition> before = decode_position(end);
  const std::optional<int64_t> sequence =
      before ? StoredEvents(before->identity).sequence_of(order) : std::nullopt;
  if (!sequence || *sequence < 1 || *sequence > before->sequence) {
    return std::nullopt;
  }
  before->sequence = *sequence - 1;
  return encode(*before);
}

}  // namespace penstock::event_store
