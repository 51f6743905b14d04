// Any bytes as a log of dead letters: each line is parsed, then sealed with a true hash and parsed
// again, so that what lies behind the hash is reached too.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "dead_letters/letter_record.h"
#include "doc/json.h"

using penstock::dead_letters::open_line;
using penstock::dead_letters::parse_line;
using penstock::dead_letters::seal_line;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)parse_line(input);
  (void)open_line(input, "penstock_replayed", 1);
  std::string line(input);
  seal_line(0, line);
  line.pop_back();
  (void)parse_line(line);
  std::string record = "{\"penstock_dead_letter\":1,\"record\":\"";
  penstock::append_base64(input, record);
  record += '"';
  seal_line(0, record);
  record.pop_back();
  (void)parse_line(record);
  return 0;
}
