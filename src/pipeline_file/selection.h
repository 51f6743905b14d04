// selection_of: a short text that differs where a pipeline file may choose other events of a part
// for a sink (Resume::selection): the source's `when` and format, the transforms, and the sink's
// `when`. Settings of a source that choose events are not in it: they give other parts, or other
// generations. Nor is what a setting only names, such as the content of a file. Pure; any thread.
#pragma once

#include <string>

#include "pipeline_file/plan.h"

namespace penstock::pipeline_file {

std::string selection_of(const Plan& plan, const SinkPlan& sink);

}  // namespace penstock::pipeline_file
