// copy_event: a deep copy of an event into another arena, for whoever must outlive its batch.
// Any thread.
#pragma once

#include "core/event.h"

namespace penstock {

Event copy_event(const Event& event, Arena& arena);

}  // namespace penstock
