#include "base/memory.h"

#include <malloc.h>

namespace penstock {

void keep_freed_memory() {
  // An allocator that does not know these (a sanitizer's) ignores them.
  static_cast<void>(mallopt(M_ARENA_MAX, 1));
  static_cast<void>(mallopt(M_MMAP_THRESHOLD, 32 << 20));
  static_cast<void>(mallopt(M_TRIM_THRESHOLD, 32 << 20));
}

}  // namespace penstock
