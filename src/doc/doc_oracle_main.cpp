// For tests/doc_oracle.py: each line of standard input is one document behind a letter, D (DynamoDB
// JSON) or P (plain JSON); the answer is its BSON in base64, plain JSON and DynamoDB JSON between
// tabs, or an exclamation mark and the error.
#include <iostream>
#include <string>

#include "base/base64.h"
#include "doc/bson.h"
#include "doc/dynamodb_json.h"

namespace penstock::doc {

namespace {

void answer(char kind, std::string_view text, std::string& out) {
  static constexpr size_t kBlock = size_t{64} << 10;
  Arena arena(kBlock);
  JsonReader plain;
  DynamoDbReader items;
  const std::string_view padded = arena.copy(text);
  const auto document = kind == 'D' ? items.read_item(padded, arena) : plain.read(padded, arena);
  if (!document) {
    out += '!' + document.error().what;
    return;
  }
  if (const auto checked = check_bson(document->bytes()); !checked) {
    out += "!wrong BSON: " + checked.error().what;
    return;
  }
  append_base64(document->bytes(), out);
  out += '\t';
  append_json(*document, out);
  out += '\t';
  append_dynamodb_json(*document, out);
}

int run() {
  std::ios::sync_with_stdio(false);
  std::string line;
  std::string out;
  while (std::getline(std::cin, line)) {
    out.clear();
    answer(line.empty() ? 'P' : line[0], std::string_view(line).substr(line.empty() ? 0 : 1), out);
    out += '\n';
    std::cout << out;
  }
  return 0;
}

}  // namespace

}  // namespace penstock::doc

int main() {
  return penstock::doc::run();
}
