// Sink: where events go. The engine calls open() once before any write(), and write() from several
// threads at once for different slots, never twice at once for one slot. open() is called once more
// for each later run of the pipeline: connections stay, what is known of the target goes. A sink
// never retries, never sleeps and never settles anything: an event is durable when write() returned
// without naming it.
#pragma once

#include <string>
#include <vector>

#include "core/event.h"

namespace penstock {

struct SinkTraits {
  uint32_t events_max = 500;           // the most events of one write
  size_t bytes_max = size_t{4} << 20;  // the most payload bytes of one write
  Duration wait{0};                    // default of batch.wait; 0: what is there, once idle
  uint32_t lanes = 1;                  // default number of writes in flight
  uint32_t lanes_max = 64;
  bool writes_in_order = false;   // keeps order inside a batch, which may repeat an order key: what
                                  // comes after a failed or rejected event of its key is not
                                  // written, but named as transient (core/rejected_keys.h)
  bool folders = false;           // lake: an order key is a folder; a batch holds one folder of one
                                  // part, never spans a rejected event, and is retried as it was
  Duration write_deadline = 20s;  // no write outlives it: Batch::deadline
};

struct Batch {
  std::vector<const Event*> events;
  uint32_t slot = 0;  // below Resume::slots; of one write at a time; an order key keeps its
                      // slot for the whole run
  Instant deadline = Instant::never();  // write() is to return before
  std::string_view part;  // the part of all events, where the sink has folders; else empty
  bool replay = false;    // dead letters on their way back
};

struct Failure {
  uint32_t index = 0;  // into Batch::events
  Error error;
};

struct Resume {
  std::string pipeline = {};
  std::string sink = {};       // its name, unique in the pipeline
  uint32_t slots = 1;          // how many writes run at once
  std::string selection = {};  // differs where other filters or transforms choose other events
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual SinkTraits traits() const = 0;
  // Pure; called on reader threads. An error of kind `rejected` rejects the event at this sink.
  virtual Result<OrderKey> order_key(const Event& event) const { return event.order_key; }
  virtual Result<> open(const Resume& resume, Stop stop) = 0;
  // Empty: every event is durable. An error for the whole: nothing is known to be durable.
  virtual Result<std::vector<Failure>> write(const Batch& batch, Stop stop) = 0;
};

}  // namespace penstock
