// BSON values as text, for the writers of this folder. Pure functions; any thread.
#pragma once

#include "doc/bson.h"
#include "doc/text_out.h"

namespace penstock::doc {

// A BSON string value (length prefix, text, NUL) and where it ends. `limit`: end of the document.
const uint8_t* put_string(TextOut& out, const uint8_t* value, const uint8_t* limit);

// Without quotes, and nothing in them needs an escape.
void put_date(TextOut& out, int64_t millis);  // ISO 8601; milliseconds outside of years 0 to 9999
void put_hex(TextOut& out, std::string_view bytes);
void put_decimal(TextOut& out, const uint8_t* value);
void put_double(TextOut& out, double value);

// The value as plain JSON, for every type except document, array and code_with_scope.
void put_scalar(TextOut& out, Type type, const uint8_t* value, const uint8_t* limit);

}  // namespace penstock::doc
