// Documents to plain JSON: one pass over the BSON, which delimits itself, so that the only thing to
// keep is the closing bracket of each open level.
#include "doc/json.h"
#include "doc/loss_cursor.h"
#include "doc/value_text.h"

namespace penstock::doc {

namespace {

constexpr char kScope = 's';  // the level of a code's scope, which closes two objects

class JsonWriter {
 public:
  JsonWriter(const Document& document, std::string& out)
      : out_(out, document.size() * 3 / 2 + 64),
        at_(document.data()),
        limit_(document.data() + document.size()),
        losses_(document.losses(), [](Loss::Type type) {
          return type == Loss::Type::number || type == Loss::Type::name;
        }) {}

  void run(Shape shape) {
    open(shape == Shape::array ? ']' : '}');
    for (;;) {
      out_.reserve(kNumberTextMax);
      const auto type = static_cast<Type>(*at_++);
      if (type == Type{0}) {
        close();
        if (closers_.empty()) {
          return;
        }
        continue;
      }
      write_name();
      const bool is_lost_number = losses_.is_active() && losses_.number() != nullptr;
      if (is_lost_number && type == Type::string) [[unlikely]] {
        const std::string_view digits = losses_.number()->text;
        out_.reserve(digits.size());
        out_.put(digits);
        at_ += bson_value_size(type, at_);
      } else if (!write_value(type)) {
        continue;
      }
      out_.put(',');
    }
  }

 private:
  // At the length prefix of a document.
  void open(char closer) {
    out_.put(closer == ']' ? '[' : '{');
    closers_ += closer;
    at_ += 4;
  }

  void close() {
    if (out_.at()[-1] == ',') {
      out_.unput();
    }
    const char closer = closers_.back();
    closers_.pop_back();
    out_.put(closer == kScope ? '}' : closer);
    if (closer == kScope) {
      out_.put('}');
    }
    if (!closers_.empty()) {
      out_.put(',');
      if (losses_.is_active()) {
        losses_.leave();
      }
    }
  }

  void write_name() {
    const auto* const name = reinterpret_cast<const char*>(at_);
    if (losses_.is_active()) [[unlikely]] {
      losses_.at(name);
      if (losses_.name() != nullptr && closers_.back() != ']') {
        put_text(out_, losses_.name()->text);
        out_.reserve(kNumberTextMax);
        out_.put(':');
        at_ += std::strlen(name) + 1;
        return;
      }
    }
    if (closers_.back() == ']') {
      at_ += std::strlen(name) + 1;
      return;
    }
    out_.put('"');
    const char* const end = out_.put_escaped_name(name, reinterpret_cast<const char*>(limit_));
    out_.reserve(kNumberTextMax);
    out_.put("\":");
    at_ += end - name + 1;
  }

  // False: a level was opened instead.
  bool write_value(Type type) {
    switch (type) {
      case Type::string:
        at_ = put_string(out_, at_, limit_);
        return true;
      case Type::document:
      case Type::array:
        if (losses_.is_active()) {
          losses_.enter();
        }
        open(type == Type::array ? ']' : '}');
        return false;
      case Type::code_with_scope: {
        if (losses_.is_active()) {
          losses_.enter();
        }
        out_.put("{\"code\":");
        at_ = put_string(out_, at_ + 4, limit_);
        out_.reserve(kNumberTextMax);
        out_.put(",\"scope\":");
        open(kScope);
        return false;
      }
      default:
        put_scalar(out_, type, at_, limit_);
        at_ += bson_value_size(type, at_);
        return true;
    }
  }

  TextOut out_;
  const uint8_t* at_;
  const uint8_t* limit_;
  std::string closers_;
  LossCursor losses_;
};

}  // namespace

void append_json(const Document& document, std::string& out, Shape shape) {
  if (!document.present()) {
    out += "null";
    return;
  }
  JsonWriter(document, out).run(shape);
}

void append_json_string(std::string_view text, std::string& out) {
  TextOut writer(out, text.size() + 2);
  put_text(writer, text);
}

}  // namespace penstock::doc
