// The program: reads the command line, runs one command, gives the exit code. Main thread.
#pragma once

namespace penstock::cli {

int main(int argc, char** argv);

}  // namespace penstock::cli
