#include <cstring>

#include "base/check.h"
#include "base/hash.h"
#include "inbox/frame.h"
#include "inbox/order.h"

// The hash is made right first: with it wrong nothing behind it would ever run.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)inbox::SegmentHeader::decode(bytes, "x");  // only its not crashing is of interest
  (void)inbox::State::decode(bytes, "x");
  (void)inbox::Place::from_position(bytes);
  if (const size_t frame_size = inbox::frame_size(bytes);
      frame_size >= inbox::kFrameHeadSize && frame_size <= bytes.size()) {
    const uint64_t hash = hash64(std::string_view(bytes).substr(16, frame_size - 16), 7);
    std::memcpy(bytes.data() + 8, &hash, sizeof hash);
  }
  if (auto frame = inbox::parse_frame(bytes, 7)) {
    for (uint32_t i = 0; i < frame->records; ++i) {
      (void)inbox::next_record(frame->body);
    }
    CHECK(frame->body.empty());
  }
  (void)inbox::find_later_frame(bytes, 0, 7);
  return 0;
}
