// Any bytes as a line of the ledger of replayed letters, and as its sequences in a line with a true
// hash: what is read is written as a line that reads the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "dead_letters/letter_log.h"

namespace dead_letters = penstock::dead_letters;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  dead_letters::Ledger ledger;
  (void)dead_letters::add_ledger_line(input, ledger);
  std::string line = "{\"penstock_replayed\":1,\"sequences\":[";
  line += input;
  line += ']';
  dead_letters::seal_line(0, line);
  line.pop_back();
  ledger = {};
  if (!dead_letters::add_ledger_line(line, ledger)) {
    return 0;
  }
  const std::vector<uint64_t> sequences(ledger.replayed.begin(), ledger.replayed.end());
  std::string again = dead_letters::ledger_line(sequences, {});
  again.pop_back();
  dead_letters::Ledger found;
  CHECK(dead_letters::add_ledger_line(again, found).has_value());
  CHECK(found.replayed == ledger.replayed);
  CHECK(found.highest == ledger.highest);
  return 0;
}
