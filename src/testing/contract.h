// What the contract suites share: the problems that a case found, the failures that are known, and
// the fixtures of all components. Values; owned by the suite; one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/result.h"

namespace penstock::contract {

// How long what is to return within a second, or at once, may take: the contract's second, and as
// much again for a machine that has other things to do.
inline constexpr Duration kPatience = 2s;

// What a case found wrong, a sentence each; empty where the contract is kept.
class Problems {
 public:
  // Gives back whether it holds.
  bool expect(bool holds, const std::string& otherwise) {
    if (!holds) {
      text_ += otherwise + "\n";
    }
    return holds;
  }
  template <class T>
  bool expect_success(const Result<T>& result, const std::string& what) {
    return expect(result.has_value(),
                  what + (result ? std::string() : ": " + shown(result.error())));
  }
  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }
  static std::string shown(const Error& error) {
    return std::string(name_of(error.kind)) + ": " + error.what;
  }

 private:
  std::string text_;
};

// "a, b, c", of many the first ones.
std::string listed(const std::vector<std::string>& names);

// One fixture of one component; a component may have several, for its different ways.
template <class Fixture>
struct Entry {
  std::string component;  // its name in the registry
  std::string variant;    // "" or how it is configured
  std::function<std::unique_ptr<Fixture>()> make;
  std::string name() const { return variant.empty() ? component : component + "_" + variant; }
};

class SinkFixture;    // testing/sink_contract.h
class SourceFixture;  // testing/source_contract.h

struct Fixtures {
  std::vector<Entry<SinkFixture>> sinks;
  std::vector<Entry<SourceFixture>> sources;

  template <class F>
  void sink(std::string component, std::string variant = "") {
    sinks.push_back(
        {std::move(component), std::move(variant), [] { return std::make_unique<F>(); }});
  }
  template <class F>
  void source(std::string component, std::string variant = "") {
    sources.push_back(
        {std::move(component), std::move(variant), [] { return std::make_unique<F>(); }});
  }
};

// Of all connectors of this build. CMake makes it from the folders of src/connectors.
Fixtures all_fixtures();

// A case that fails and is known to. The suite fails once it passes, so that the entry goes.
struct KnownFailure {
  std::string_view fixture;  // Entry::name()
  std::string_view name;     // of the case
  std::string_view fault;    // its number in the list of faults, or the rule that it breaks
};

}  // namespace penstock::contract
