// Any bytes as standard input, in two pieces: its lines are the events, whatever the limits of the
// reads. The first four bytes choose the limits and the pieces.
#include <unistd.h>

#include <array>
#include <cstdint>

#include "base/check.h"
#include "connectors/stdio/stdin_source.h"
#include "testing/test_lines.h"

namespace penstock {
namespace {

constexpr uint8_t kParameters = 4;
constexpr size_t kPipeBytes = size_t{32} << 10;  // what a pipe takes without a reader

// False: it was the last read.
bool read_once(Reader& reader, const ReadLimits& limits, size_t line_max, std::string& lines,
               bool& caught_up) {
  EventBlock block;
  const auto read = reader.read(block, limits, {});
  CHECK(read.has_value());
  append_lines(block, line_max, lines);  // it keeps more, as much as came in one piece
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
  StdinSource source({.line_max = {line_max}}, clock, 1, Stdio(ends[0], -1));
  const auto reader = source.open({"stdin"}, std::nullopt, {}, {});
  CHECK(reader.has_value());
  std::string lines;
  put(ends[1], text.substr(0, at_first));
  for (bool caught_up = false; !caught_up;) {
    CHECK(read_once(**reader, limits, line_max, lines, caught_up));
  }
  put(ends[1], text.substr(at_first));
  ::close(ends[1]);
  bool unused = false;
  while (read_once(**reader, limits, line_max, lines, unused)) {
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
