#include "doc/losses.h"

#include <cstring>
#include <memory>

namespace penstock::doc {

void append_pointer(std::string_view name, std::string& pointer) {
  pointer.push_back('/');
  for (const char c : name) {
    if (c == '~') {
      pointer.append("~0");
    } else if (c == '/') {
      pointer.append("~1");
    } else {
      pointer.push_back(c);
    }
  }
}

void take_losses(const Document& from, std::string_view pointer, std::string_view new_pointer,
                 Arena& arena, std::vector<Loss>& into) {
  for (const Loss& loss : from.losses()) {
    if (!loss.path.starts_with(pointer)) {
      continue;
    }
    const std::string_view rest = loss.path.substr(pointer.size());
    if (!rest.empty() && rest.front() != '/') {
      continue;  // a longer name with the same begin
    }
    Loss moved = loss;
    if (pointer != new_pointer) {
      char* const path = arena.allocate(new_pointer.size() + rest.size());
      std::memcpy(path, new_pointer.data(), new_pointer.size());
      std::memcpy(path + new_pointer.size(), rest.data(), rest.size());
      moved.path = {path, new_pointer.size() + rest.size()};
    }
    into.push_back(moved);
  }
}

Document with_losses(const Document& document, const std::vector<Loss>& losses, Arena& arena) {
  if (losses.empty()) {
    return Document(document.data());
  }
  const size_t bytes = losses.size() * sizeof(Loss);
  char* const list = arena.allocate(bytes);
  std::memcpy(list, losses.data(), bytes);
  char* const place = arena.allocate(sizeof(std::span<const Loss>));
  const auto* const span = std::construct_at(reinterpret_cast<std::span<const Loss>*>(place),
                                             reinterpret_cast<const Loss*>(list), losses.size());
  return Document(document.data(), span);
}

Document child_document(const Document& parent, const Element& child, Arena& arena) {
  const Document document = child.as_document();
  if (parent.losses().empty()) {
    return document;
  }
  std::string pointer;
  append_pointer(child.name, pointer);
  std::vector<Loss> losses;
  take_losses(parent, pointer, "", arena, losses);
  return with_losses(document, losses, arena);
}

}  // namespace penstock::doc
