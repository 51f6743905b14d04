// The names of the configuration contract that this build may not have yet, by kind, so that the
// error can say so instead of calling them unknown. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock::pipeline_file {

enum class Kind { source, sink, transform, checkpoint, dead_letter, decoder, encoder };

std::string_view name_of(Kind kind);  // "sink", "format of a source", …
bool is_of_contract(Kind kind, std::string_view name);

// "this build has no sink `kafka`; it has: …", or "unknown sink `kafak`, did you mean …".
std::string unknown_name(Kind kind, std::string_view name, const std::vector<std::string>& known);

}  // namespace penstock::pipeline_file
