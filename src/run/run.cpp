#include "run/run.h"

#include <cstdio>

namespace penstock::run {

int main(int argc, char** argv) {
  (void)argc;  // the commands land with their issue part
  (void)argv;
  std::puts("penstock");
  return 0;
}

}  // namespace penstock::run
