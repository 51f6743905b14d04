// file_name_of: any text (a pipeline's name) as one legal file name, so that two texts never meet.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

// Letters, digits, '-', '_' and '.' (not in front) stay; every other byte becomes %XX. What gets
// longer than 150 bytes is cut and ends in a hash of the whole. Empty text becomes "%".
std::string file_name_of(std::string_view text);
// As it was while the end of a long name was its XXH3, which anybody can make collide: to find what
// stands on disk under such a name.
std::string file_name_of_version_1(std::string_view text);

}  // namespace penstock
