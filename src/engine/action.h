// Action: what the pipeline asks the runner (or the simulator) to do. Each is answered by one call
// of the pipeline's method that the comment names. Values that travel; the batches they carry are
// immutable while they do; dead letters and the checkpoint of Discover are the pipeline's, which
// outlives the answer and leaves them alone until then.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "core/dead_letter.h"
#include "engine/write_queue.h"

namespace penstock::engine {

struct WriteTask {  // owned by whoever executes it, until written() gives it back
  uint32_t sink = 0;
  uint32_t queue = 0;  // of the sink
  std::vector<Item> items;
  Batch batch;                                      // batch.events[i] is items[i]'s event
  std::vector<std::shared_ptr<EventBlock>> blocks;  // what the events live in
  Instant started;
  bool is_probe = false;  // of a sink that took nothing at all: no other write is under way
};

// clang-format off
namespace action {
struct TakeLease {};                                        // answered by lease_taken()
struct OpenSink { uint32_t sink; };                         // sink_opened()
struct OpenDeadLetters {};                                  // dead_letters_opened()
struct Discover { const Checkpoint* checkpoint; };          // discovered()
// reader_opened()
struct OpenReader { uint32_t part; Part what; std::optional<Position> position; };
struct ReadPart { uint32_t part; ReadLimits limits; };      // read_done()
struct Write { std::unique_ptr<WriteTask> task; };          // written()
// letters_written()
struct WriteLetters {
  std::vector<DeadLetter> letters;
  std::vector<std::shared_ptr<EventBlock>> blocks;  // what their events live in
};
struct Save { Changes changes; };                           // saved()
struct Commit { uint32_t part; Position position; };        // committed()
struct CloseReader { uint32_t part; };                      // reader_closed()
struct Release {};                                          // released()
}  // namespace action
// clang-format on

using Action =
    std::variant<action::TakeLease, action::OpenSink, action::OpenDeadLetters, action::Discover,
                 action::OpenReader, action::ReadPart, action::Write, action::WriteLetters,
                 action::Save, action::Commit, action::CloseReader, action::Release>;

struct LeaseAndCheckpoint {
  Lease lease;
  std::optional<Checkpoint> checkpoint;
};

}  // namespace penstock::engine
