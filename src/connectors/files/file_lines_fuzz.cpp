// Any bytes as a plain file, which grows once while it is read: its lines are the events, whatever
// the limits of the reads. The first four bytes choose the limits and the growth.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "base/check.h"
#include "connectors/files/file_reader.h"
#include "testing/test_context.h"
#include "testing/test_lines.h"

namespace penstock::files {
namespace {

constexpr uint8_t kParameters = 4;

// A file in memory that has a path.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("lines", 0)) { CHECK(descriptor_ >= 0); }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }
  void append(std::string_view bytes) const {
    CHECK(::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }

 private:
  int descriptor_;
};

void read_on(Reader& reader, const ReadLimits& limits, std::string& lines) {
  for (bool caught_up = false; !caught_up;) {
    EventBlock block;
    const auto read = reader.read(block, limits, {});
    CHECK(read.has_value());
    append_lines(block, std::string_view::npos, lines);
    caught_up = read->caught_up;
  }
}

void run(std::string_view parameters, std::string_view text) {
  const auto number = [&](size_t i) { return size_t{static_cast<uint8_t>(parameters[i])}; };
  const ReadLimits limits{.events = static_cast<uint32_t>(number(0) + 1), .bytes = number(1) + 1};
  const size_t line_max = number(2) + 1;
  const MemoryFile memory;
  const size_t at_first = text.size() * number(3) / 255;
  memory.append(text.substr(0, at_first));
  TestContext context;
  auto file = context.files().open(memory.path(), OpenMode::read);
  CHECK(file.has_value());
  const auto reader = make_plain_reader(
      {.part = "part", .path = memory.path(), .take_last_line = false, .line_max = line_max},
      std::move(*file), {}, context.context());
  std::string lines;
  read_on(*reader, limits, lines);
  memory.append(text.substr(at_first));
  memory.append("\n");  // the last line waits for it
  read_on(*reader, limits, lines);
  CHECK(lines == lines_of(std::string(text) + "\n", line_max));
}

}  // namespace
}  // namespace penstock::files

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size >= penstock::files::kParameters) {
    penstock::files::run(bytes.substr(0, penstock::files::kParameters),
                         bytes.substr(penstock::files::kParameters));
  }
  return 0;
}
