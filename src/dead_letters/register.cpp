#include "dead_letters/register.h"

#include "dead_letters/files.h"

namespace penstock {

void register_dead_letters(Registry& registry) {
  Registry::add<FilesDeadLetters>(registry.dead_letters, "files",
                                  "Keeps rejected events as lines of JSON on disk, with all that "
                                  "is needed to send them again.");
}

}  // namespace penstock
