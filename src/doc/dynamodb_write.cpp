// Documents to DynamoDB JSON. What DynamoDB has no type for becomes the text of append_text() in S.
#include <cmath>

#include "doc/dynamodb_json.h"
#include "doc/loss_cursor.h"
#include "doc/value_text.h"

namespace penstock::doc {

namespace {

class ItemWriter {
 public:
  ItemWriter(const Document& document, std::string& out)
      : out_(out, document.size() * 2 + 64),
        at_(document.data()),
        limit_(document.data() + document.size()),
        losses_(document.losses()) {}

  void run() {
    open(Level::item, "{");
    for (;;) {
      out_.reserve(kNumberTextMax);
      const auto type = static_cast<Type>(*at_++);
      if (type != Type{0}) {
        write_name();
        if (write_value(type)) {
          out_.put(',');
        }
        continue;
      }
      close();
      if (levels_.empty()) {
        return;
      }
    }
  }

 private:
  enum Level : char { item, map, list, set };

  void open(Level level, std::string_view text) {
    out_.put(text);
    levels_ += level;
    at_ += 4;
  }

  void close() {
    if (out_.at()[-1] == ',') {
      out_.unput();
    }
    const char level = levels_.back();
    levels_.pop_back();
    out_.put(level == item || level == map ? '}' : ']');
    if (level != item) {
      out_.put("},");
      if (losses_.is_active()) {
        losses_.leave();
      }
    }
  }

  void write_name() {
    const auto* const name = reinterpret_cast<const char*>(at_);
    const bool is_named = levels_.back() == item || levels_.back() == map;
    if (losses_.is_active()) {
      losses_.at(name);
    }
    if (!is_named) {
      at_ += std::strlen(name) + 1;
      return;
    }
    if (losses_.is_active() && losses_.name() != nullptr) {
      out_.put_json_string(losses_.name()->text);
      at_ += std::strlen(name) + 1;
    } else {
      out_.put('"');
      const char* const end = out_.put_escaped_name(name, reinterpret_cast<const char*>(limit_));
      out_.reserve(2);
      out_.put('"');
      at_ += end - name + 1;
    }
    out_.reserve(kNumberTextMax);
    out_.put(':');
  }

  // False: a level was opened instead.
  bool write_value(Type type) {
    const Loss* const lost_set = losses_.is_active() ? losses_.set() : nullptr;
    if (type == Type::array) {
      enter();
      open(lost_set != nullptr ? set : list, array_text(lost_set));
      return false;
    }
    const bool is_in_set = levels_.back() == set;
    if (type == Type::document) {
      enter();
      open(map, "{\"M\":{");
      return false;
    }
    const Element element{type, {}, at_, bson_value_size(type, at_)};
    if (!is_in_set) {
      out_.put(tag_text(element));
    }
    write_scalar(element);
    if (!is_in_set) {
      out_.reserve(kNumberTextMax);
      out_.put('}');
    }
    at_ += element.value_size;
    return true;
  }

  void enter() {
    if (losses_.is_active()) {
      losses_.enter();
    }
  }

  static std::string_view array_text(const Loss* lost_set) {
    if (lost_set == nullptr) {
      return "{\"L\":[";
    }
    if (lost_set->type == Loss::Type::string_set) {
      return "{\"SS\":[";
    }
    return lost_set->type == Loss::Type::number_set ? "{\"NS\":[" : "{\"BS\":[";
  }

  bool is_number(const Element& element) const {
    switch (element.type) {
      case Type::int32:
      case Type::int64:
        return true;
      case Type::double_:
        return std::isfinite(element.as_double());
      case Type::decimal128:
        return decimal_parts(load_decimal(element.value)).kind == DecimalParts::Class::finite;
      default:
        return losses_.is_active() && losses_.number() != nullptr;
    }
  }

  std::string_view tag_text(const Element& element) const {
    if (element.type == Type::boolean) {
      return "{\"BOOL\":";
    }
    if (element.type == Type::null || element.type == Type::undefined) {
      return "{\"NULL\":";
    }
    if (element.type == Type::binary) {
      return "{\"B\":";
    }
    return is_number(element) ? "{\"N\":" : "{\"S\":";
  }

  void write_scalar(const Element& element) {
    if (losses_.is_active() && losses_.number() != nullptr) {
      out_.put_json_string(losses_.number()->text);
      return;
    }
    switch (element.type) {
      case Type::string:
      case Type::binary:
      case Type::boolean:
      case Type::date:
      case Type::object_id:
        put_scalar(out_, element.type, element.value, limit_);
        return;
      case Type::null:
      case Type::undefined:
        out_.put("true");
        return;
      default:
        text_.clear();
        append_text(element, text_);
        out_.put_json_string(text_);
    }
  }

  TextOut out_;
  const uint8_t* at_;
  const uint8_t* limit_;
  std::string levels_;
  std::string text_;
  LossCursor losses_;
};

}  // namespace

void append_dynamodb_json(const Document& document, std::string& out) {
  if (!document.present()) {
    out += "null";
    return;
  }
  ItemWriter(document, out).run();
}

}  // namespace penstock::doc
