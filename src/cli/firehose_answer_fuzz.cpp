// Any bytes as the answer of PutRecordBatch. The first byte is the number of records sent.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cli/firehose_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (const auto answer = penstock::cli::parse_batch_answer(body, data[0])) {
    CHECK(answer->taken.size() == data[0]);
    size_t refused = 0;
    for (const bool taken : answer->taken) {
      refused += taken ? 0 : 1;
    }
    CHECK((refused == 0) == answer->first_error.empty());
  }
  return 0;
}
