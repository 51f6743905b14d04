// What a sink's answer to a write may not say. A pure function; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/sink.h"

namespace penstock {

// An answer that cannot be one is our connector's fault: nothing of it is to be believed. Nothing:
// each failure is of another one of that many events.
std::optional<std::string> flaw_of(const std::vector<Failure>& failures, size_t events);

}  // namespace penstock
