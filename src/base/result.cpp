#include "base/result.h"

#include "base/check.h"

namespace penstock {

std::string_view name_of(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::transient:
      return "transient";
    case Error::Kind::rejected:
      return "rejected";
    case Error::Kind::fatal:
      return "fatal";
    case Error::Kind::lost_position:
      return "lost_position";
    case Error::Kind::held:
      return "held";
    case Error::Kind::cancelled:
      return "cancelled";
  }
  unreachable();
}

}  // namespace penstock
