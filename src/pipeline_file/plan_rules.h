// check_rules: what the settings of a pipeline file must fulfil together. Pure; one thread.
#pragma once

#include "config/node.h"
#include "config/problems.h"
#include "pipeline_file/plan.h"

namespace penstock::pipeline_file {

// `limits`: the file's node of that name, or null. Adds to the plan's warnings, and notes in it
// which limits were given.
void check_rules(Plan& plan, const config::Node* limits, config::Problems& problems);

// Takes away a choice of the contract for sources with snapshots; there is none yet (ADR 0008).
config::Node without_resnapshot(config::Node source, config::Problems& problems);

}  // namespace penstock::pipeline_file
