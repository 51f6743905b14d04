// The contract of a source as a suite: each case reads a part whose content is known and says what
// is wrong with what came. A fixture, which stands in the connector's folder, has the content. All
// of it belongs to one test; one thread, unless a function says otherwise.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/source.h"
#include "testing/contract.h"

namespace penstock::contract {

enum class SourceCase : uint8_t {
  reads_its_content,  // orders that grow and ids that are unique included
  resumes_at_each_position,
  unreadable_position,
  read_never_waits_for_commit,
  commit_never_waits_for_read,
  ids_across_generations,
  orders_across_generations,
  position_before,
  stop,
};
inline constexpr std::array kSourceCases = {SourceCase::reads_its_content,
                                            SourceCase::resumes_at_each_position,
                                            SourceCase::unreadable_position,
                                            SourceCase::read_never_waits_for_commit,
                                            SourceCase::commit_never_waits_for_read,
                                            SourceCase::ids_across_generations,
                                            SourceCase::orders_across_generations,
                                            SourceCase::position_before,
                                            SourceCase::stop};
std::string_view name_of(SourceCase which);

// One part with at least three events, and the sources that read it. Every case gets a fixture of
// its own. The functions below that have a default are called only for the cases that are possible;
// one that is missing then ends the test.
class SourceFixture {
 public:
  Duration patience = kPatience;  // the suite's

  virtual ~SourceFixture() = default;
  // Another source on this content, as make() of the component gives it. The one before it is gone,
  // as after a restart.
  virtual Result<std::unique_ptr<Source>> make() = 0;
  // Brings the content to where the source reads it, unless it is there. Called when parts() of a
  // source from make() has answered: what listens does so by then.
  virtual void fill(Source& source) = 0;
  // The payloads (Event::raw) of the first part, in order.
  virtual std::vector<std::string> content() const = 0;
  // Why this case cannot happen to this source, as a sentence, which is printed; "" where it can.
  virtual std::string impossible(SourceCase which) const = 0;
  // What is filled in may come after the first read, and the source's signal tells it then.
  virtual bool signals() const { return false; }

  // Puts other content (content() is that from now on) in the place of what is there, under the
  // same name, while no source lives: another generation.
  virtual void replace();
  // A commit that begins waits for the disk or the network until let_go().
  virtual void hold_commits();
  virtual bool await_held_commit();  // false: after 10 s; any thread
  virtual void let_go();
};

// Runs one case, which is possible.
Problems check(SourceCase which, SourceFixture& fixture);

}  // namespace penstock::contract
