// Order keys: what decides which events keep their order, in two forms. In memory an OrderKey is a
// keyed hash that only this process can make. On disk a *kept key* stands for it: the bytes that
// are hashed, from which every process makes its own OrderKey again. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/keyed_hash.h"
#include "core/event.h"

namespace penstock {

// The default order key: stream and key; numerically equal keys hash alike. Zero without a key.
OrderKey order_key_of(const HashKey& secret, std::string_view stream, const Document& key);
// That of a sink which orders by something else: a folder, a stream.
OrderKey order_key_of_name(const HashKey& secret, std::string_view name);

// A kept key is a byte that says what follows it: 1: the canonical bytes of stream and key, 2: the
// SHA-256 of such bytes beyond 1 KiB, 3: the 16 bytes of a key as version 1 of our formats had it,
// which is all that is known of it. Empty without a key.
std::string kept_key_of(std::string_view stream, const Document& key);
std::string kept_key_of(const Event& event);  // empty where its order_key is zero
bool is_kept_key(std::string_view bytes);
OrderKey order_key_of_kept(const HashKey& secret, std::string_view kept);

// Order keys as version 1 of checkpoints and dead letters kept them: XXH3 with a public secret.
Hash128 old_order_key_of(std::string_view stream, const Document& key);
// Of its kept key where it has one; one of more than 512 bytes does not tell: zero.
Hash128 old_order_key_of(const Event& event);
std::string kept_old_key(const Hash128& old);
std::optional<Hash128> old_key_of(std::string_view kept);

}  // namespace penstock
