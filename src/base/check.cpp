#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace penstock {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "penstock: internal error: CHECK(%s) failed at %s:%d\n", condition, file,
               line);
  std::abort();
}

void unreachable() {
  check_failed("unreachable", __FILE__, __LINE__);
}

}  // namespace penstock
