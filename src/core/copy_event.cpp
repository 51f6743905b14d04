#include "core/copy_event.h"

#include <new>

namespace penstock {

namespace {

Document copy_document(const Document& document, Arena& arena) {
  if (!document) {
    return {};
  }
  const std::string_view bytes = arena.copy(document.bytes());
  const auto* bson = reinterpret_cast<const uint8_t*>(bytes.data());
  const std::span<const Loss> losses = document.losses();
  if (losses.empty()) {
    return Document(bson);
  }
  auto* const copies = reinterpret_cast<Loss*>(arena.allocate(losses.size() * sizeof(Loss)));
  for (size_t i = 0; i < losses.size(); ++i) {
    new (copies + i) Loss{arena.copy(losses[i].path), losses[i].type, arena.copy(losses[i].text)};
  }
  auto* const span = new (arena.allocate(sizeof(std::span<const Loss>)))
      std::span<const Loss>(copies, losses.size());
  return Document(bson, span);
}

}  // namespace

Event copy_event(const Event& event, Arena& arena) {
  Event copy = event;
  copy.id = arena.copy(event.id);
  copy.order = arena.copy(event.order);
  copy.stream = arena.copy(event.stream);
  copy.raw = arena.copy(event.raw);
  copy.kept_key = arena.copy(event.kept_key);
  copy.key = copy_document(event.key, arena);
  copy.before = copy_document(event.before, arena);
  copy.after = copy_document(event.after, arena);
  copy.meta = copy_document(event.meta, arena);
  return copy;
}

}  // namespace penstock
