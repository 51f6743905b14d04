// Reads a plain file in large pieces straight into the arena; events are views of its lines.
#include <algorithm>
#include <cstring>

#include "connectors/files/file_reader.h"

namespace penstock::files {

namespace {

constexpr size_t kPieceMin = size_t{4} << 10;
constexpr size_t kSlack = 4096;     // beyond what the lines of a read take on average
constexpr int kPiecesPerRead = 16;  // of a line too long: between two looks at the stop token
constexpr size_t kLongPiece = size_t{1} << 20;

class PlainReader final : public FileReader {
 public:
  using FileReader::FileReader;

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override {
    if (ended()) {
      return *ended();
    }
    TRY(begin(block));
    if (scanned_to_ > position_.offset) {
      return skip_long_line(block, stop);
    }
    size_t size =
        std::clamp(limits.events * average_ + kSlack, kPieceMin, std::max(limits.bytes, kPieceMin));
    while (true) {
      TRY(const Piece piece, read_piece(block, size));
      const size_t lines = take_lines(block, piece.text, limits);
      if (lines > 0) {
        remember({piece.text.data() - front_size(), front_size() + taken_});
        return done(piece.at_end && taken_ == piece.text.size());
      }
      if (piece.text.size() > options_.line_max) {
        scanned_to_ = position_.offset + piece.text.size();
        return finish({}, position_.offset);
      }
      if (piece.at_end) {
        return at_end(piece.text);
      }
      size = std::min(size * 2, options_.line_max + 1);  // the first line is not whole yet
    }
  }

 private:
  struct Piece {
    std::string_view text;  // from position_.offset on
    bool at_end = false;
  };

  Result<Piece> read_piece(EventBlock& block, size_t size) {
    const size_t front = front_size();
    char* const buffer = block.arena.allocate(size + front);
    auto got = file_->read(position_.offset - front, {buffer, size + front});
    if (!got) {
      return std::unexpected(std::move(got).error());
    }
    block.arena.shrink_last(buffer, *got);
    TRY(check_front({buffer, std::min(*got, front)}, position_.offset));
    return Piece{{buffer + front, *got - front}, *got < size + front};
  }

  size_t take_lines(EventBlock& block, std::string_view text, const ReadLimits& limits) {
    const size_t first = block.events.size();
    block.events.reserve(first + std::min<size_t>(limits.events, text.size() / average_ + 1));
    const char* at = text.data();
    const char* const end = at + text.size();
    for (uint32_t count = 0; count < limits.events && at != end; ++count) {
      const auto* const line_break =
          static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
      if (line_break == nullptr) {
        break;
      }
      const auto before = static_cast<size_t>(at - text.data());
      const auto size = static_cast<size_t>(line_break - at);
      if (count > 0 && before + size > limits.bytes) {
        break;  // a line larger than the limit passes alone
      }
      const uint64_t offset = position_.offset + before;
      if (size > options_.line_max) {
        lines_.reject({at, kept_of_long_line()}, offset, too_long(), position_);
      } else {
        lines_.add({at, size}, offset, position_);
      }
      at = line_break + 1;
    }
    taken_ = static_cast<size_t>(at - text.data());
    position_.offset += taken_;
    const size_t lines = block.events.size() - first;
    if (lines > 0) {
      average_ = taken_ / lines + 1;
    }
    return lines;
  }

  // No whole line is left: `rest` is the begin of one, or nothing.
  Result<Read> at_end(std::string_view rest) {
    if (rest.empty() || !options_.take_last_line) {
      TRY(check_still_there(position_.offset));
      if (!rest.empty()) {
        warn_once("its last line waits for a line break (last_line: take delivers it as it is)");
      }
      return done(true);
    }
    lines_.add(rest, position_.offset, position_);
    position_.offset += rest.size();
    remember(rest);
    return done(true);
  }

  Result<Read> done(bool caught_up) {
    Read read;
    read.caught_up = caught_up;
    read.end = caught_up && !options_.follow;
    return finish(std::move(read), position_.offset);
  }

  Result<Read> skip_long_line(EventBlock& block, const Stop& stop) {
    std::string buffer(kLongPiece, '\0');
    for (int i = 0; i < kPiecesPerRead && !stop.stop_requested(); ++i) {
      TRY(const size_t got, file_->read(scanned_to_, {buffer.data(), buffer.size()}));
      const size_t line_break = std::string_view(buffer).substr(0, got).find('\n');
      const bool found = line_break != std::string_view::npos;
      const bool ended = got == 0 && options_.take_last_line;
      if (found || ended) {
        TRY(reject_long_line(block, found ? scanned_to_ + line_break + 1 : scanned_to_));
        remember(std::string_view(buffer).substr(0, found ? line_break + 1 : 0));
        return done(ended);
      }
      scanned_to_ += got;
      if (got == 0) {
        TRY(check_still_there(scanned_to_));
        warn_once("its last line, longer than line_max, waits for a line break");
        return done(true);
      }
    }
    return finish({}, position_.offset);
  }

  Result<> reject_long_line(EventBlock& block, uint64_t next) {
    const size_t size = kept_of_long_line();
    char* const kept = block.arena.allocate(size);
    TRY(const size_t got, file_->read(position_.offset, {kept, size}));
    lines_.reject({kept, got}, position_.offset, too_long(), position_);
    position_.offset = next;
    scanned_to_ = 0;
    return {};
  }

  size_t average_ = 1024;    // bytes a line, in the read before
  size_t taken_ = 0;         // bytes of the piece that became events
  uint64_t scanned_to_ = 0;  // beyond the offset: inside a line that is too long
};

}  // namespace

std::unique_ptr<Reader> make_plain_reader(ReaderOptions options, std::unique_ptr<File> file,
                                          FilePosition position, const Context& context) {
  return std::make_unique<PlainReader>(std::move(options), std::move(file), position, context);
}

}  // namespace penstock::files
