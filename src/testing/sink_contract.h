// The contract of a sink as a suite: each case writes to a sink on a fake target and says what is
// wrong with the outcome. A fixture, which stands in the connector's folder, has the target. All of
// it belongs to one test; one thread, unless a function says otherwise.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/sink.h"
#include "testing/contract.h"
#include "testing/test_events.h"

namespace penstock::contract {

enum class SinkCase : uint8_t {
  takes_what_it_is_given,
  partial_failure,
  whole_failure,
  lost_answer,
  throttle,
  large_event,
  repeated_id,
  stop,
  deadline,
  reopening,
};
inline constexpr std::array kSinkCases = {SinkCase::takes_what_it_is_given,
                                          SinkCase::partial_failure,
                                          SinkCase::whole_failure,
                                          SinkCase::lost_answer,
                                          SinkCase::throttle,
                                          SinkCase::large_event,
                                          SinkCase::repeated_id,
                                          SinkCase::stop,
                                          SinkCase::deadline,
                                          SinkCase::reopening};
std::string_view name_of(SinkCase which);

// A target and the sinks that write to it. Every case gets a fixture of its own. The functions that
// bring about a fault are called only for the cases that are possible; one that is missing then
// ends the test.
class SinkFixture {
 public:
  Duration patience = kPatience;  // the suite's

  virtual ~SinkFixture() = default;
  // Another sink on this target, as make() of the component gives it: not opened yet. Its events'
  // payloads are what held() shows.
  virtual Result<std::unique_ptr<Sink>> make() = 0;
  // The payloads that the target holds durably, in its order, twice what it holds twice. nullopt:
  // it keeps nothing, so that no case looks.
  virtual std::optional<std::vector<std::string>> held() = 0;
  // Whether the README promises that an event which comes again is held once.
  virtual bool drops_repeats() const = 0;
  // Why this case cannot happen to this sink, as a sentence, which is printed; "" where it can.
  virtual std::string impossible(SinkCase which) const = 0;

  virtual void refuse(const Event& event);        // the target (or the format) never takes it
  virtual void fail();                            // all writes fail, and later ones need not
  virtual void lose_answers();                    // writes are applied, and no answer comes
  virtual void throttle(std::chrono::seconds w);  // writes are to come after `w` again
  virtual void hang();                            // writes get no answer
  virtual bool await_hanging();  // a write waits for that answer; false: after 10 s
  virtual void mend();           // none of that any more
  virtual size_t large_bytes() const { return size_t{2} << 20; }  // of a payload, near its limit
};

// Runs one case, which is possible.
Problems check(SinkCase which, SinkFixture& fixture);

}  // namespace penstock::contract
