// The transform `rename`: moves values of the documents to other names. Immutable; any thread.
#pragma once

#include <map>

#include "config/fields.h"
#include "core/context.h"
#include "core/transform.h"
#include "transforms/path.h"

namespace penstock::transforms {

class Rename final : public Transform {
 public:
  struct Settings {
    std::map<std::string, std::string> names = {};
    void fields(config::FieldVisitor& visitor);
  };
  static Result<std::unique_ptr<Transform>> make(Settings settings, const Context& context);
  struct Move {
    Path from;
    Path to;
  };
  explicit Rename(std::vector<Move> moves) : moves_(std::move(moves)) {}

  Result<> apply(const Event& in, Arena& arena, std::vector<Event>& out) const override;

 private:
  std::vector<Move> moves_;
};

}  // namespace penstock::transforms
