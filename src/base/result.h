// Result<T> and Error: how every fallible function of Penstock answers.
// An error kind exists only because the engine reacts to it (engine/retry.cpp). Plain values,
// owned by whoever holds them; any thread.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"

namespace penstock {

struct Error {
  enum class Kind {
    transient,      // may work later; also every unknown outcome (a time-out after sending)
    rejected,       // this event (or batch) will never be taken as it is
    fatal,          // nothing of this pipeline can go on
    lost_position,  // the source no longer has what the position points at
    held,       // somebody else has the lease; retry_after: its holder must have renewed by then
    cancelled,  // a stop was asked for; not a fault
  };
  Kind kind = Kind::fatal;
  std::string what;  // what was tried, where, what to do
  std::optional<Duration> retry_after;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Error::Kind kind, std::string what) {
  return std::unexpected(Error{kind, std::move(what), std::nullopt});
}
inline std::unexpected<Error> transient(std::string what) {
  return fail(Error::Kind::transient, std::move(what));
}
inline std::unexpected<Error> rejected(std::string what) {
  return fail(Error::Kind::rejected, std::move(what));
}
inline std::unexpected<Error> fatal(std::string what) {
  return fail(Error::Kind::fatal, std::move(what));
}

std::string_view name_of(Error::Kind kind);

}  // namespace penstock

#define PENSTOCK_CONCAT_(a, b) a##b
#define PENSTOCK_CONCAT(a, b) PENSTOCK_CONCAT_(a, b)
#define PENSTOCK_TRY_1(expression)                           \
  do {                                                       \
    if (auto try_result = (expression); !try_result) {       \
      return std::unexpected(std::move(try_result).error()); \
    }                                                        \
  } while (false)
#define PENSTOCK_TRY_2_(name, declaration, expression) \
  auto name = (expression);                            \
  if (!name) {                                         \
    return std::unexpected(std::move(name).error());   \
  }                                                    \
  declaration = *std::move(name)
#define PENSTOCK_TRY_2(declaration, expression) \
  PENSTOCK_TRY_2_(PENSTOCK_CONCAT(try_result_, __LINE__), declaration, expression)
#define PENSTOCK_TRY_PICK(_1, _2, name, ...) name
// TRY(f()) returns f's error; TRY(auto x, f()) also keeps f's value as x. An expression with commas
// outside of parentheses needs parentheses of its own.
#define TRY(...) PENSTOCK_TRY_PICK(__VA_ARGS__, PENSTOCK_TRY_2, PENSTOCK_TRY_1, unused)(__VA_ARGS__)
