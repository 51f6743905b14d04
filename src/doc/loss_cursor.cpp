#include "doc/loss_cursor.h"

namespace penstock::doc {

void LossCursor::at(std::string_view name) {
  name_ = number_ = set_ = nullptr;
  if (losses_.empty()) {
    return;
  }
  path_.resize(levels_.empty() ? 0 : levels_.back());
  path_ += '/';
  for (const char c : name) {
    if (c == '~' || c == '/') {
      path_ += c == '~' ? "~0" : "~1";
    } else {
      path_ += c;
    }
  }
  while (!losses_.empty() && losses_.front().path == path_) {
    const Loss& loss = losses_.front();
    switch (loss.type) {
      case Loss::Type::name:
        name_ = &loss;
        break;
      case Loss::Type::number:
        number_ = &loss;
        break;
      case Loss::Type::string_set:
      case Loss::Type::number_set:
      case Loss::Type::binary_set:
        set_ = &loss;
        break;
    }
    losses_ = losses_.subspan(1);
  }
}

}  // namespace penstock::doc
