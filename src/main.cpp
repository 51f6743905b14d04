#include "cli/run.h"

int main(int argc, char** argv) {
  return penstock::cli::main(argc, argv);
}
