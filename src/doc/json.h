// Plain JSON to and from documents, one pass each; no number passes through double. Numbers become
// int32, int64 or decimal128 where exact (1.0 and 1E2 keep their form as decimal128; double only
// where the policy says so). Any thread; a JsonReader is used by one at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "doc/document.h"

namespace penstock::doc {

// What to do with a number that int32, int64 and decimal128 cannot hold exactly.
enum class Numbers { error, string, double_ };

struct ParseOptions {
  Numbers numbers = Numbers::string;
  int depth_max = 100;
  size_t bytes_max = size_t{16} << 20;
};

class Reader;  // of this folder

// JSON parsing needs Arena::kPadding readable bytes behind `text`, which every view into an Arena
// or into a buffer of a reader has. Reuses its buffers from call to call.
class JsonReader {
 public:
  JsonReader();
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // An object (else `rejected`) without repeated keys (else `rejected`).
  Result<Document> read(std::string_view padded_text, Arena& arena,
                        const ParseOptions& options = {});

 private:
  std::unique_ptr<Reader> reader_;
};

// Any valid JSON text (object, array, scalar)?
bool is_valid_json(std::string_view padded_text);

class TextOut;
enum class Shape { object, array };
// Plain JSON, compact. decimal128 as its digits, dates as ISO strings, ObjectId as hex, binary as
// base64, undefined as null; NaN and infinity as strings.
void append_json(const Document& document, std::string& out, Shape shape = Shape::object);
void put_json(const Document& document, TextOut& out, Shape shape = Shape::object);

}  // namespace penstock::doc
