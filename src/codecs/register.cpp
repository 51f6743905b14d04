#include "codecs/register.h"

#include "codecs/cloudevents.h"
#include "codecs/document.h"
#include "codecs/dynamodb.h"
#include "codecs/event.h"
#include "codecs/raw.h"

namespace penstock {

void register_codecs(Registry& registry) {
  Registry::add<codecs::RawEncoder>(
      registry.encoders, "raw",
      "The payload as it came, one line a record. UTF-8 without an inner line break stays as it "
      "is; JSON with inner line breaks gets blanks for them; everything else becomes the base64 of "
      "all its bytes in a JSON string.");
  Registry::add<codecs::RawDecoder>(registry.decoders, "raw",
                                    "The payload stays as it came; no document is made of it.");
  Registry::add<codecs::EventEncoder>(
      registry.encoders, "event",
      "Our envelope {id, op, stream, key, before, after, at, meta} as JSON, absent fields left "
      "out. An event without documents carries its payload as `raw` or `raw_base64`. JSON has no "
      "bytes: a binary value, and the `data` of a stored event that is no UTF-8, is its base64 in "
      "a "
      "string, which looks like a text, or a JSON string, of these characters.");
  Registry::add<codecs::EventDecoder>(registry.decoders, "event",
                                      "Reads what the format `event` writes.");
  Registry::add<codecs::DocumentEncoder>(
      registry.encoders, "document",
      "Plain JSON of `after`; of a removed record its key; of a payload that is JSON the payload.");
  Registry::add<codecs::CloudEventsEncoder>(
      registry.encoders, "cloudevents",
      "CloudEvents 1.0 as structured JSON. A payload that is JSON goes into `data` with its own "
      "digits, text as a string, other bytes into `data_base64`; a change becomes {op, key, "
      "before, after}.");
  Registry::add<codecs::CloudEventsDecoder>(
      registry.decoders, "cloudevents",
      "Reads CloudEvents 1.0 as structured JSON: `data` becomes the payload and, where it is an "
      "object, the document; `source` the stream, or that in a source of ours, "
      "/penstock/<stream>; the other attributes `meta`.");
  Registry::add<codecs::DynamoDbDecoder>(
      registry.decoders, "dynamodb",
      "Reads DynamoDB change records: INSERT, MODIFY and REMOVE become insert, update and remove, "
      "with key, before and after as documents.");
}

}  // namespace penstock
