// Any bytes as standard input, in two pieces: its lines are the events, whatever the limits of the
// reads. The first four bytes choose the limits and the pieces.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/check.h"
#include "connectors/stdio/stdin_source.h"

namespace penstock {
namespace {

constexpr uint8_t kParameters = 4;
constexpr size_t kPipeBytes = size_t{32} << 10;  // what a pipe takes without a reader

std::string lines_of(std::string_view text, size_t line_max) {
  std::string lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    lines.append(line.size() > line_max ? "rejected\n" : std::string("line ").append(line) + "\n");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// False: it was the last read.
bool read_once(Reader& reader, const ReadLimits& limits, std::string& lines, bool& caught_up) {
  EventBlock block;
  const auto read = reader.read(block, limits, {});
  CHECK(read.has_value());
  size_t rejected = 0;
  for (size_t i = 0; i < block.events.size(); ++i) {
    const bool is_rejected =
        rejected < block.rejections.size() && block.rejections[rejected].index == i;
    rejected += is_rejected ? 1 : 0;
    lines.append(is_rejected ? "rejected\n"
                             : std::string("line ").append(block.events[i].raw) + "\n");
  }
  CHECK(rejected == block.rejections.size());
  caught_up = block.events.empty() && read->caught_up;
  return !read->end;
}

void put(int descriptor, std::string_view bytes) {
  CHECK(::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

void run(std::string_view parameters, std::string_view text) {
  const auto number = [&](size_t i) { return size_t{static_cast<uint8_t>(parameters[i])}; };
  const ReadLimits limits{.events = static_cast<uint32_t>(number(0) + 1), .bytes = number(1) + 1};
  const size_t line_max = number(2) + 1;
  const size_t at_first = text.size() * number(3) / 255;
  std::array<int, 2> ends{};
  CHECK(::pipe(ends.data()) == 0);
  SystemClock clock;
  StdinSource source({.line_max = {line_max}}, clock, Stdio(ends[0], -1));
  const auto reader = source.open({"stdin"}, std::nullopt, {});
  CHECK(reader.has_value());
  std::string lines;
  put(ends[1], text.substr(0, at_first));
  for (bool caught_up = false; !caught_up;) {
    CHECK(read_once(**reader, limits, lines, caught_up));
  }
  put(ends[1], text.substr(at_first));
  ::close(ends[1]);
  bool unused = false;
  while (read_once(**reader, limits, lines, unused)) {
  }
  ::close(ends[0]);
  CHECK(lines == lines_of(text, line_max));
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size >= penstock::kParameters) {
    penstock::run(bytes.substr(0, penstock::kParameters),
                  bytes.substr(penstock::kParameters, penstock::kPipeBytes));
  }
  return 0;
}
