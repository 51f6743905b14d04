#include "doc/structural_index.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <string>

static_assert(simdjson::SIMDJSON_VERSION_MAJOR == 3,
              "structural_indexes is no public interface: check it");
static_assert(simdjson::SIMDJSON_VERSION_MINOR == 0,
              "structural_indexes is no public interface: check it");

namespace penstock::doc {

namespace {

constexpr size_t kCapacityMin = size_t{16} << 10;
constexpr size_t kCapacityKept = size_t{1} << 20;  // more is given back after a long text

std::string_view reason(simdjson::error_code code) {
  switch (code) {
    case simdjson::EMPTY:
      return "it is empty";
    case simdjson::UNCLOSED_STRING:
      return "a string has no end";
    case simdjson::UTF8_ERROR:
      return "it is not valid UTF-8";
    case simdjson::UNESCAPED_CHARS:
      return "a string holds a control character";
    default:
      return "it cannot be read";
  }
}

}  // namespace

struct StructuralIndex::Parser {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

StructuralIndex::StructuralIndex() : parser_(std::make_unique<Parser>()) {}
StructuralIndex::~StructuralIndex() = default;

Result<> StructuralIndex::reserve(size_t bytes) {
  // The sentinels need room behind an index entry for each byte.
  const size_t wanted = std::max(kCapacityMin, std::bit_ceil(bytes + 2 * kSentinels));
  const bool is_wasteful = capacity_ > kCapacityKept && wanted <= kCapacityKept / 4;
  if (wanted <= capacity_ && !is_wasteful) {
    return {};
  }
  const auto code = simdjson::get_active_implementation()->create_dom_parser_implementation(
      wanted, 1, parser_->stage);
  if (code != simdjson::SUCCESS) {
    capacity_ = 0;
    return fatal("no memory to index a JSON text of " + std::to_string(bytes) + " bytes");
  }
  capacity_ = wanted;
  return {};
}

Result<> StructuralIndex::build(std::string_view padded_text) {
  TRY(reserve(padded_text.size()));
  count_ = 0;
  auto& stage = *parser_->stage;
  const auto code = stage.stage1(reinterpret_cast<const uint8_t*>(padded_text.data()),
                                 padded_text.size(), simdjson::stage1_mode::regular);
  if (code != simdjson::SUCCESS) {
    return rejected("not a JSON text: " + std::string(reason(code)));
  }
  count_ = stage.n_structural_indexes;
  offsets_ = stage.structural_indexes.get();
  std::fill_n(stage.structural_indexes.get() + count_, kSentinels,
              static_cast<uint32_t>(padded_text.size()));
  return {};
}

bool is_utf8(std::string_view bytes) {
  return simdjson::validate_utf8(bytes.data(), bytes.size());
}

}  // namespace penstock::doc
