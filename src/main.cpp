#include "run/run.h"

int main(int argc, char** argv) {
  return penstock::run::main(argc, argv);
}
