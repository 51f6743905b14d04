// The contract suites over every registered component, each case a test of its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "connectors/register_all.h"
#include "testing/known_failures.h"
#include "testing/sink_contract.h"
#include "testing/source_contract.h"

namespace penstock::contract {
namespace {

template <class Fixture, class Case>
struct Param {
  Entry<Fixture> entry;
  Case which;
  std::string name() const { return entry.name() + "_" + std::string(name_of(which)); }
};
template <class Fixture, class Case>
void PrintTo(const Param<Fixture, Case>& param, std::ostream* out) {
  *out << param.name();
}

template <class Fixture, class Cases>
auto params_of(const std::vector<Entry<Fixture>>& entries, const Cases& cases) {
  std::vector<Param<Fixture, typename Cases::value_type>> params;
  for (const Entry<Fixture>& entry : entries) {
    for (const auto which : cases) {
      params.push_back({entry, which});
    }
  }
  return params;
}

bool is_known(const std::string& fixture, std::string_view name) {
  return std::ranges::any_of(kKnownFailures, [&](const KnownFailure& known) {
    return known.fixture == fixture && known.name == name;
  });
}

template <class Fixture, class Case>
void run(const Param<Fixture, Case>& param) {
  const auto fixture = param.entry.make();
  const std::string reason = fixture->impossible(param.which);
  const bool known = is_known(param.entry.name(), name_of(param.which));
  if (!reason.empty()) {
    std::printf("[ impossible] %s: %s\n", param.name().c_str(), reason.c_str());
    EXPECT_FALSE(known) << "a known failure of a case that is impossible";
    return;
  }
  if (known) {
    fixture->patience = 300ms;  // it will not return anyway
  }
  const Problems problems = check(param.which, *fixture);
  if (known) {
    std::printf("[known fault] %s: %s", param.name().c_str(), problems.text().c_str());
    EXPECT_FALSE(problems.empty()) << "it passes now: take it out of testing/known_failures.h";
    return;
  }
  EXPECT_TRUE(problems.empty()) << problems.text();
}

using SinkParam = Param<SinkFixture, SinkCase>;
using SourceParam = Param<SourceFixture, SourceCase>;
class SinkContract : public testing::TestWithParam<SinkParam> {};
class SourceContract : public testing::TestWithParam<SourceParam> {};

TEST_P(SinkContract, is_kept) {
  run(GetParam());
}
TEST_P(SourceContract, is_kept) {
  run(GetParam());
}

template <class P>
std::string name_of_test(const testing::TestParamInfo<P>& info) {
  return info.param.name();
}
INSTANTIATE_TEST_SUITE_P(every, SinkContract,
                         testing::ValuesIn(params_of(all_fixtures().sinks, kSinkCases)),
                         name_of_test<SinkParam>);
INSTANTIATE_TEST_SUITE_P(every, SourceContract,
                         testing::ValuesIn(params_of(all_fixtures().sources, kSourceCases)),
                         name_of_test<SourceParam>);

template <class T, class Fixture>
void expect_covered(const Registry::Entries<T>& registered,
                    const std::vector<Entry<Fixture>>& fixtures) {
  std::set<std::string> covered;
  std::set<std::string> names;
  for (const Entry<Fixture>& fixture : fixtures) {
    covered.insert(fixture.component);
    EXPECT_TRUE(names.insert(fixture.name()).second) << fixture.name() << " is there twice";
    EXPECT_TRUE(registered.contains(fixture.component))
        << fixture.component << " has a fixture and is not registered";
  }
  for (const auto& [name, entry] : registered) {
    EXPECT_TRUE(covered.contains(name)) << name << " is registered and has no contract fixture";
  }
}

TEST(Contract, every_registered_component_is_covered) {
  Registry registry;
  register_connectors(registry);
  const Fixtures fixtures = all_fixtures();
  expect_covered(registry.sinks, fixtures.sinks);
  expect_covered(registry.sources, fixtures.sources);
}

TEST(Contract, every_known_failure_is_of_a_case_that_is_run) {
  std::set<std::pair<std::string, std::string_view>> cases;
  for (const SinkParam& param : params_of(all_fixtures().sinks, kSinkCases)) {
    cases.emplace(param.entry.name(), name_of(param.which));
  }
  for (const SourceParam& param : params_of(all_fixtures().sources, kSourceCases)) {
    cases.emplace(param.entry.name(), name_of(param.which));
  }
  for (const KnownFailure& known : kKnownFailures) {
    EXPECT_TRUE(cases.contains({std::string(known.fixture), known.name}))
        << known.fixture << " " << known.name;
    EXPECT_FALSE(known.fault.empty());
  }
}

}  // namespace
}  // namespace penstock::contract
