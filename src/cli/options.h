// Options: the command line as plain values. CLI11 stays in options.cpp. Main thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"

namespace penstock::cli {

// What the process says to whoever started it; docs/OPERATING.md and --help explain them.
enum class Exit : int {
  ok = 0,       // done, or drained as asked
  failed = 1,   // a pipeline stopped or failed, or a command did not succeed
  usage = 2,    // wrong command line or configuration: nothing was started
  aborted = 3,  // a second signal ended it before it had drained
};
int code_of(Exit exit);

enum class Command {
  run,
  check,
  explain,
  list,
  checkpoint_show,
  checkpoint_set,
  checkpoint_reset,
  dead_letter_list,
  dead_letter_show,
  dead_letter_replay,
  generate,
  version,
};

struct Options {
  Command command = Command::version;
  Log::Level log_level = Log::Level::info;
  bool log_json = false;

  std::vector<std::string> files;  // run, check
  bool secrets = false;            // check
  std::string file;                // checkpoint, dead-letter
  std::string preset;
  bool once = false;
  bool fail_fast = false;
  std::string admin = "127.0.0.1:8686";

  std::string connector;  // explain
  bool explain_all = false;
  bool markdown = false;
  bool schema = false;

  std::string part;         // checkpoint
  std::string position;     // checkpoint set, as `checkpoint show` writes it
  bool quarantine = false;  // checkpoint reset

  std::optional<std::string> sink;  // dead-letter; "": decoding and transforms
  std::vector<uint64_t> sequences;  // dead-letter
  bool with_replayed = false;
  bool force = false;

  std::string firehose;  // generate
  std::string stream = "demo";
  uint64_t count = 100;
  double rate = 0;
  uint64_t seed = 1;
};

// The command and its options; or, for --help and for what is wrong, the exit code: its text was
// printed.
std::variant<Options, Exit> parse_options(int argc, const char* const* argv);

}  // namespace penstock::cli
