// emit_records: records of a frame as events of a block. A pure function of its arguments.
#pragma once

#include "core/source.h"
#include "inbox/frame.h"
#include "inbox/order.h"

namespace penstock::inbox {

// Gives records from the front of `rest` (of frame.body), the first of them at `first`, as far as
// the limits allow, and takes them off. `bytes` counts what this read has given; where the next
// record does not fit any more it is set to the limit. How many were given.
uint32_t emit_records(const FrameView& frame, Place first, std::string_view& rest,
                      EventBlock& block, const ReadLimits& limits, size_t& bytes);

}  // namespace penstock::inbox
