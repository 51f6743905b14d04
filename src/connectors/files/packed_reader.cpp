// Reads a compressed file from its begin: a position is an offset into what it holds, and going on
// from one means unpacking what is before it once more.
#include <algorithm>
#include <cstring>

#include "connectors/files/file_reader.h"
#include "connectors/files/inflate.h"

namespace penstock::files {

namespace {

constexpr size_t kInputBytes = size_t{256} << 10;
constexpr size_t kPieceBytes = size_t{256} << 10;
constexpr uint64_t kSkipPerRead = uint64_t{64} << 20;

class PackedReader final : public FileReader {
 public:
  PackedReader(ReaderOptions options, std::unique_ptr<File> file, FilePosition position,
               const Context& context)
      : FileReader(std::move(options), std::move(file), position, context),
        inflater_(make_inflater(options_.path)),
        skip_(position.offset) {}

  Result<Read> read(EventBlock& block, const ReadLimits& limits, Stop stop) override {
    if (ended()) {
      return *ended();
    }
    TRY(begin(block));
    TRY(skip_known(stop));
    if (skip_ > 0 && damage_.empty() && !at_end_) {
      return finish({}, packed_offset_);
    }
    std::string_view text;
    if (kept_.find('\n') != std::string::npos) {
      text = block.arena.copy(kept_);  // there was no room for these lines in the last read
    } else {
      const size_t kept = kept_.size();
      char* const buffer = block.arena.allocate(kept + kPieceBytes);
      std::memcpy(buffer, kept_.data(), kept);
      auto made = unpack({buffer + kept, kPieceBytes});
      block.arena.shrink_last(buffer, kept + (made ? *made : 0));
      if (!made) {
        return std::unexpected(std::move(made).error());
      }
      text = {buffer, kept + *made};
    }
    const std::string_view rest = take_lines(text, limits);
    if (rest.find('\n') == std::string_view::npos && (at_end_ || !damage_.empty())) {
      return finish_file(rest);
    }
    kept_.assign(rest);
    return finish({}, packed_offset_);
  }

 private:
  // Fills `out` as far as the file goes; sets at_end_ or damage_.
  Result<size_t> unpack(std::span<char> out) {
    size_t made = 0;
    at_end_ = false;
    while (made < out.size() && damage_.empty()) {
      if (input_at_ == input_size_) {
        TRY(read_input());
      }
      const bool dry = input_size_ == input_at_;
      const auto step =
          inflater_->step({input_.data() + input_at_, input_size_ - input_at_}, out.subspan(made));
      if (!step) {
        if (step.error().kind != Error::Kind::rejected) {
          return std::unexpected(step.error());
        }
        damage_ = step.error().what;
        break;
      }
      input_at_ += step->taken;
      made += step->made;
      if (step->taken == 0 && step->made == 0) {
        if (!dry) {
          damage_ = "unpacking it makes no progress";
        }
        at_end_ = dry;
        break;
      }
    }
    return made;
  }

  Result<> read_input() {
    const size_t front = front_size();
    input_.resize(front + kInputBytes);
    input_at_ = input_size_ = 0;
    TRY(const size_t got, file_->read(packed_offset_ - front, input_));
    TRY(check_front(std::string_view(input_).substr(0, std::min(got, front)), packed_offset_));
    input_at_ = front;
    input_size_ = got;
    packed_offset_ += got - front;
    remember(std::string_view(input_).substr(0, got));
    return {};
  }

  // A slice of what an earlier run has read.
  Result<> skip_known(const Stop& stop) {
    std::string unused(skip_ > 0 ? kPieceBytes : 0, '\0');
    uint64_t budget = kSkipPerRead;
    while (skip_ > 0 && budget > 0 && damage_.empty() && !stop.stop_requested()) {
      const auto size = static_cast<size_t>(std::min<uint64_t>(skip_, unused.size()));
      TRY(const size_t made, unpack({unused.data(), size}));
      skip_ -= made;
      budget -= std::min<uint64_t>(budget, size);
      if (at_end_ && skip_ > 0) {
        return fail(Error::Kind::lost_position,
                    "files " + options_.path + ": it holds less than was read from it before");
      }
    }
    return {};
  }

  std::string_view take_lines(std::string_view text, const ReadLimits& limits) {
    size_t taken = 0;
    for (uint32_t count = 0; count < limits.events; ++count) {
      const size_t size = text.find('\n');
      if (size == std::string_view::npos || (count > 0 && taken + size > limits.bytes)) {
        break;
      }
      taken += size + 1;
      add_line(text.substr(0, size));
      position_.offset = skipping_ ? position_.offset : position_.offset + size + 1;
      if (skipping_) {
        skipping_ = false;
        position_.offset = long_line_end_ + size + 1;
      }
      text.remove_prefix(size + 1);
    }
    if (text.size() > options_.line_max && text.find('\n') == std::string_view::npos) {
      add_line(text);  // rejected; the rest of it is skipped
      long_line_end_ = (skipping_ ? long_line_end_ : position_.offset) + text.size();
      skipping_ = true;
      text = {};
    }
    return text;
  }

  void add_line(std::string_view line) {
    if (skipping_) {
      return;  // the rest of a line that was rejected at its begin
    }
    if (line.size() > options_.line_max) {
      lines_.reject(line.substr(0, kept_of_long_line()), position_.offset, too_long(), position_);
      return;
    }
    lines_.add(line, position_.offset, position_);
  }

  Result<Read> finish_file(std::string_view rest) {
    if (damage_.empty() && !inflater_->may_end()) {
      if (options_.follow) {
        kept_.assign(rest);
        TRY(check_still_there(packed_offset_));
        warn_once("it ends in the middle of its compressed data; waiting for the rest");
        return done(false);
      }
      damage_ = "it ends in the middle of its compressed data";
    }
    kept_.clear();
    if (!damage_.empty()) {
      if (!damage_told_) {
        damage_told_ = true;
        lines_.reject(rest.substr(0, LineEvents::kKeptOfLongLine), position_.offset,
                      damage_ + "; what follows cannot be read", position_);
      }
      return done(true);
    }
    if (!rest.empty()) {
      add_line(rest);
      position_.offset += rest.size();
    } else {
      TRY(check_still_there(packed_offset_));
    }
    return done(!options_.follow);
  }

  Result<Read> done(bool end) {
    Read read;
    read.caught_up = true;
    read.end = end;
    return finish(std::move(read), packed_offset_);
  }

  std::unique_ptr<Inflater> inflater_;
  uint64_t skip_;               // text that an earlier run has read
  uint64_t packed_offset_ = 0;  // into the file
  std::string input_;           // compressed bytes: [input_at_, input_size_) are still to unpack
  size_t input_at_ = 0;
  size_t input_size_ = 0;
  std::string kept_;  // text that was unpacked and is no event yet
  bool at_end_ = false;
  std::string damage_;  // why the rest of the file cannot be read
  bool damage_told_ = false;
  bool skipping_ = false;  // inside a line that is too long
  uint64_t long_line_end_ = 0;
};

}  // namespace

std::unique_ptr<Reader> make_packed_reader(ReaderOptions options, std::unique_ptr<File> file,
                                           FilePosition position, const Context& context) {
  return std::make_unique<PackedReader>(std::move(options), std::move(file), position, context);
}

}  // namespace penstock::files
