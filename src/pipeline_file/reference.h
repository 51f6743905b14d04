// reference_page, json_schema: the documentation of every connector, format, transform and store of
// a registry, and of the pipeline file around them, from the field declarations. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/registry.h"

namespace penstock::pipeline_file {

// Markdown: docs/REFERENCE.md.
std::string reference_page(const Registry& registry);

// The part of the page about one connector, format, transform or store, of every kind that has the
// name, or about a section of the file, as limits or retry (`penstock explain NAME`). An unknown
// name is an error with the nearest known one.
Result<std::string> reference_of(const Registry& registry, std::string_view name);

// A JSON schema (2020-12) of a pipeline file, for editors.
std::string json_schema(const Registry& registry);

}  // namespace penstock::pipeline_file
