#include "engine/read_stage.h"

#include <fmt/core.h>

#include <algorithm>
#include <exception>

#include "core/order_key.h"

namespace penstock::engine {

namespace {

constexpr size_t kBlockMin = size_t{1} << 10;
constexpr size_t kBlockMax = size_t{256} << 10;

// The k-th copy of an event that a transform split has its own id and place in the order.
void number_copies(std::vector<Event>& events, size_t first, Arena& arena) {
  for (size_t i = first + 1; i < events.size(); ++i) {
    const size_t k = i - first;
    events[i].id = arena.copy(fmt::format("{}/{}", events[i].id, k));
    if (!events[i].order.empty()) {
      events[i].order = arena.copy(fmt::format("{}{:08x}", events[i].order, k));
    }
  }
}

OrderKey default_order_key(const HashKey& secret, const Event& event) {
  return event.key ? order_key_of(secret, event.stream, event.key) : OrderKey{};
}

// What a replay decodes and transforms once more, with what is known of its key. `payload`: what
// the event was decoded from; null without a decoder.
Event rejected_event(const Event& decoded, const Event& reached, const std::string_view* payload,
                     const HashKey& secret, Arena& arena) {
  Event event = decoded;
  if (payload != nullptr) {
    event.has_raw = true;
    event.raw = *payload;
    event.before = event.after = event.meta = {};
  }
  if (is_payload_only(event)) {
    event.key = reached.key;
  }
  event.order_key = default_order_key(secret, reached);
  if (event.order_key != default_order_key(secret, event)) {
    event.kept_key = arena.copy(kept_key_of(reached.stream, reached.key));
  }
  return event;
}

}  // namespace

Result<std::unique_ptr<Chunk>> ReadStage::read(Reader& reader, const ReadLimits& limits,
                                               Stop stop) const {
  try {
    auto chunk = std::make_unique<Chunk>();
    // Of many parts each reads little, and pins no more.
    chunk->block = std::make_shared<EventBlock>(std::clamp(limits.bytes / 4, kBlockMin, kBlockMax));
    EventBlock& block = *chunk->block;
    TRY(chunk->read, reader.read(block, limits, stop));
    std::vector<std::string_view> payloads;
    TRY(decode(block, payloads));
    TRY(chunk->filtered, transform(block, payloads));
    TRY(route(*chunk));
    return chunk;
  } catch (const std::exception& e) {
    return fatal(fmt::format("unexpected exception while reading: {}", e.what()));
  }
}

Result<> ReadStage::decode(EventBlock& block, std::vector<std::string_view>& payloads) const {
  if (assembly_.decoder == nullptr) {
    return {};
  }
  if (!assembly_.transforms.empty()) {
    payloads.reserve(block.events.size());
    for (const Event& event : block.events) {
      payloads.push_back(event.raw);
    }
  }
  size_t rejection = 0;  // the source may have rejected some itself
  std::vector<Rejection> all;
  for (uint32_t i = 0; i < block.events.size(); ++i) {
    if (rejection < block.rejections.size() && block.rejections[rejection].index == i) {
      all.push_back(std::move(block.rejections[rejection++]));
      continue;
    }
    if (auto decoded = assembly_.decoder->decode(block.events[i], block.arena); !decoded) {
      if (decoded.error().kind != Error::Kind::rejected) {
        return std::unexpected(std::move(decoded).error());
      }
      all.push_back({i, std::move(decoded).error()});
    }
  }
  block.rejections = std::move(all);
  return {};
}

Result<> ReadStage::apply_transforms(const Event& event, Arena& arena, std::vector<Event>& out,
                                     Event& reached) const {
  std::vector<Event> from{event};
  std::vector<Event> to;
  for (const auto& transform : assembly_.transforms) {
    to.clear();
    for (const Event& one : from) {
      if (auto applied = transform->apply(one, arena, to); !applied) {
        reached = one;
        return applied;
      }
    }
    std::swap(from, to);
  }
  for (const Event& one : from) {
    out.push_back(one);
  }
  return {};
}

Result<uint32_t> ReadStage::transform(EventBlock& block,
                                      const std::vector<std::string_view>& payloads) const {
  if (assembly_.transforms.empty()) {
    for (Event& event : block.events) {
      event.order_key = default_order_key(assembly_.spec.hash_key, event);
    }
    return 0U;
  }
  std::vector<Event> out;
  std::vector<Rejection> all;
  out.reserve(block.events.size());
  size_t rejection = 0;
  uint32_t filtered = 0;
  for (uint32_t i = 0; i < block.events.size(); ++i) {
    const size_t first = out.size();
    if (rejection < block.rejections.size() && block.rejections[rejection].index == i) {
      all.push_back({static_cast<uint32_t>(first), std::move(block.rejections[rejection++].error)});
      out.push_back(block.events[i]);
      out.back().order_key = default_order_key(assembly_.spec.hash_key, out.back());
      continue;
    }
    Event reached;
    if (auto applied = apply_transforms(block.events[i], block.arena, out, reached); !applied) {
      if (applied.error().kind != Error::Kind::rejected) {
        return std::unexpected(std::move(applied).error());
      }
      out.resize(first);
      all.push_back({static_cast<uint32_t>(first), std::move(applied).error()});
      out.push_back(rejected_event(block.events[i], reached,
                                   payloads.empty() ? nullptr : &payloads[i],
                                   assembly_.spec.hash_key, block.arena));
      continue;
    }
    for (size_t k = first; k < out.size(); ++k) {
      out[k].order_key = default_order_key(assembly_.spec.hash_key, out[k]);
    }
    filtered += out.size() == first ? 1 : 0;
    if (out.size() > first + 1) {
      number_copies(out, first, block.arena);
    }
  }
  block.events = std::move(out);
  block.rejections = std::move(all);
  return filtered;
}

Result<> ReadStage::route(Chunk& chunk) const {
  const EventBlock& block = *chunk.block;
  chunk.routes.resize(assembly_.sinks.size());
  for (size_t s = 0; s < assembly_.sinks.size(); ++s) {
    const BuiltSink& sink = assembly_.sinks[s];
    Routes& routes = chunk.routes[s];
    for (uint32_t i = 0; i < block.events.size(); ++i) {
      const Event& event = block.events[i];
      if (sink.when && !sink.when(event)) {
        routes.taken.resize(block.events.size(), 1);
        routes.taken[i] = 0;
        continue;
      }
      Result<OrderKey> key = sink.sink->order_key(event);
      if (!key) {
        if (key.error().kind != Error::Kind::rejected) {
          return std::unexpected(std::move(key).error());
        }
        routes.rejections.push_back({i, std::move(key).error()});
      } else if (*key != event.order_key) {
        if (routes.keys.empty()) {
          routes.keys.reserve(block.events.size());
          for (const Event& other : block.events) {
            routes.keys.push_back(other.order_key);
          }
        }
        routes.keys[i] = *key;
      }
    }
  }
  return {};
}

}  // namespace penstock::engine
