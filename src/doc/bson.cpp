#include "doc/bson.h"

#include <charconv>
#include <cstring>

#include "base/check.h"

namespace penstock::doc {

namespace {

template <class T>
T load(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::string_view text_at(const uint8_t* at, size_t size) {
  return {reinterpret_cast<const char*>(at), size};
}

}  // namespace

size_t bson_value_size(Type type, const uint8_t* value) {
  const auto* const text = reinterpret_cast<const char*>(value);
  switch (type) {
    case Type::double_:
    case Type::date:
    case Type::timestamp:
    case Type::int64:
      return 8;
    case Type::string:
    case Type::code:
    case Type::symbol:
      return 4 + size_t{load<uint32_t>(value)};
    case Type::document:
    case Type::array:
    case Type::code_with_scope:
      return load<uint32_t>(value);
    case Type::binary:
      return 5 + size_t{load<uint32_t>(value)};
    case Type::object_id:
      return 12;
    case Type::boolean:
      return 1;
    case Type::undefined:
    case Type::null:
    case Type::min_key:
    case Type::max_key:
      return 0;
    case Type::regex: {
      const size_t pattern = std::strlen(text) + 1;
      return pattern + std::strlen(text + pattern) + 1;
    }
    case Type::db_pointer:
      return 4 + size_t{load<uint32_t>(value)} + 12;
    case Type::int32:
      return 4;
    case Type::decimal128:
      return 16;
  }
  unreachable();
}

bool Element::as_bool() const {
  return *value != 0;
}

int32_t Element::as_int32() const {
  return load<int32_t>(value);
}

int64_t Element::as_int64() const {
  return type == Type::int32 ? load<int32_t>(value) : load<int64_t>(value);
}

double Element::as_double() const {
  return load<double>(value);
}

std::string_view Element::as_string() const {
  return text_at(value + 4, load<uint32_t>(value) - 1);
}

Document Element::as_document() const {
  return Document(value);
}

std::string_view Element::as_binary() const {
  const size_t size = load<uint32_t>(value);
  constexpr uint8_t kOldBinary = 2;  // it repeats its length inside
  if (value[4] == kOldBinary && size >= 4) {
    return text_at(value + 9, size - 4);
  }
  return text_at(value + 5, size);
}

Elements::Elements(const Document& document)
    : first_(document.present() && document.data()[4] != 0 ? document.data() + 4 : nullptr) {}

Elements::iterator::iterator(const uint8_t* at) : at_(at) {
  if (at_ != nullptr) {
    parse();
  }
}

Elements::iterator& Elements::iterator::operator++() {
  at_ = element_.value + element_.value_size;
  if (*at_ == 0) {
    at_ = nullptr;
  } else {
    parse();
  }
  return *this;
}

void Elements::iterator::parse() {
  const auto* const name = reinterpret_cast<const char*>(at_ + 1);
  element_.type = static_cast<Type>(*at_);
  element_.name = {name, std::strlen(name)};
  element_.value = at_ + 1 + element_.name.size() + 1;
  element_.value_size = bson_value_size(element_.type, element_.value);
}

std::optional<Element> find(const Document& document, std::string_view name) {
  for (const Element& element : Elements(document)) {
    if (element.name == name) {
      return element;
    }
  }
  return std::nullopt;
}

std::optional<Element> find_path(const Document& document, std::string_view path) {
  Document level = document;
  for (;;) {
    const size_t dot = path.find('.');
    const std::optional<Element> element = find(level, path.substr(0, dot));
    if (!element || dot == std::string_view::npos) {
      return element;
    }
    if (element->type != Type::document && element->type != Type::array) {
      return std::nullopt;
    }
    level = element->as_document();
    path.remove_prefix(dot + 1);
  }
}

}  // namespace penstock::doc
