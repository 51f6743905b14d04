// The decoder `dynamodb`: change records of DynamoDB, as Kinesis Data Streams for DynamoDB and
// DynamoDB Streams write them. Immutable; any thread.
#pragma once

#include "config/fields.h"
#include "core/codec.h"
#include "core/context.h"
#include "doc/json.h"

namespace penstock::codecs {

class DynamoDbDecoder final : public Decoder {
 public:
  struct Settings {
    std::string numbers = "string";
    bool meta = false;
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Decoder>> make(Settings settings, const Context& context);
  DynamoDbDecoder(doc::ParseOptions options, bool meta) : options_(options), meta_(meta) {}

  Result<> decode(Event& event, Arena& arena) const override;

 private:
  doc::ParseOptions options_;
  bool meta_;
};

}  // namespace penstock::codecs
