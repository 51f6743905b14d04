// CHECK: for our own mistakes only, on in every build, aborts. What a user, a file or a peer sends
// never reaches one.
#pragma once

namespace penstock {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);
[[noreturn]] void unreachable();

}  // namespace penstock

#define CHECK(condition)                                        \
  do {                                                          \
    if (!(condition)) [[unlikely]] {                            \
      ::penstock::check_failed(#condition, __FILE__, __LINE__); \
    }                                                           \
  } while (false)
