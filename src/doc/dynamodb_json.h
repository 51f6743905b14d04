// DynamoDB JSON ({"name":{"S":"…"},…}) to and from documents. S string; N int32, int64, decimal128
// where exact, else by policy with its digits kept as a Loss; B binary; BOOL; NULL; M; L; SS, NS
// and BS arrays with a Loss of their set type, so that the way back is exact. Type names and the
// digits of numbers have no escapes. One thread per reader.
#pragma once

#include "doc/json.h"

namespace penstock::doc {

// One change record of Kinesis Data Streams for DynamoDB (FACTS F5) in one pass.
struct ChangeRecord {
  std::string_view event_id;
  std::string_view event_name;  // INSERT, MODIFY, REMOVE
  std::string_view table;
  std::string_view region;
  std::string_view sequence_number;     // "" where there is none
  int64_t created = 0;                  // ApproximateCreationDateTime as written
  bool created_in_micros = false;       // ApproximateCreationDateTimePrecision: MICROSECOND
  bool is_ttl_delete = false;           // userIdentity is the DynamoDB service
  Document keys, new_image, old_image;  // absent where the record has none
};

class DynamoDbReader {
 public:
  DynamoDbReader();
  ~DynamoDbReader();
  DynamoDbReader(const DynamoDbReader&) = delete;
  DynamoDbReader& operator=(const DynamoDbReader&) = delete;

  // An item: {"customerId":{"S":"x"},…}.
  Result<Document> read_item(std::string_view padded_text, Arena& arena,
                             const ParseOptions& options = {});
  // Views in the result point into the text or the arena.
  Result<ChangeRecord> read_change(std::string_view padded_text, Arena& arena,
                                   const ParseOptions& options = {});

 private:
  std::unique_ptr<Reader> reader_;
};

// The item in DynamoDB JSON; exact where the document came from it.
void append_dynamodb_json(const Document& document, std::string& out);

}  // namespace penstock::doc
