// The answer of PutRecordBatch: which records were taken. From outside, so nothing of it is
// trusted. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock::cli {

struct BatchAnswer {
  std::vector<bool> taken;  // for each record sent
  std::string first_error;  // of one that was not taken; "": all were
};

// `fatal` when it is not such an answer, or not for so many records.
Result<BatchAnswer> parse_batch_answer(std::string_view body, size_t records);

}  // namespace penstock::cli
