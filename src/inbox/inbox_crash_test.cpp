// The inbox on a disk that forgets, with a death at every single operation.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "inbox/inbox.h"
#include "sim/sim_files.h"

namespace penstock::inbox {
namespace {

using sim::SimFiles;

struct Sent {  // a request
  std::vector<std::string> records;
  std::optional<Place> place;  // once answered
};

class Campaign {
 public:
  explicit Campaign(uint64_t seed) : random_(seed) {}

  // Lives until the disk dies, or a while. Says nothing: check() does.
  void live(int steps) {
    auto opened = Inbox::open({.folder = "box", .segment_bytes = 700, .own_thread = false}, files_,
                              clock_, log_, random_.next());
    if (!opened) {
      EXPECT_TRUE(files_.dead()) << opened.error().what;
      return;
    }
    Inbox& inbox = **opened;
    EXPECT_GT(inbox.generation(), generation_);
    generation_ = inbox.generation();
    for (int step = 0; step < steps && !files_.dead(); ++step) {
      switch (random_.below(4)) {
        case 0:
        case 1:
          put(inbox);
          break;
        case 2:
          read(inbox, static_cast<uint32_t>(1 + random_.below(8)));
          break;
        default:
          commit(inbox);
          break;
      }
    }
    seen_in_life_.clear();
    last_.clear();
  }

  void crash(bool machine) {
    if (machine) {
      files_.crash_machine(random_);
    } else {
      files_.crash_process();
    }
    forgot_ = forgot_ || machine;
  }

  // Reads all that is left: nothing that was answered and not committed may be absent.
  void check() {
    auto inbox =
        Inbox::open({.folder = "box", .own_thread = false}, files_, clock_, log_, random_.next());
    ASSERT_TRUE(inbox) << inbox.error().what;
    generation_ = (*inbox)->generation();
    while (read(**inbox, 5)) {
    }
    for (const Sent& sent : sent_) {
      size_t there = 0;
      size_t done = 0;
      for (size_t i = 0; i < sent.records.size(); ++i) {
        there += seen_in_life_.contains(sent.records[i]) ? 1 : 0;
        done += committed_.contains(sent.records[i]) ? 1 : 0;
        if (sent.place && !committed_.contains(sent.records[i])) {
          EXPECT_TRUE(seen_in_life_.contains(sent.records[i])) << "lost " << sent.records[i];
        }
      }
      if (!sent.place && done == 0) {
        EXPECT_TRUE(there == 0 || there == sent.records.size()) << "a part of a request";
      }
    }
    seen_in_life_.clear();
    last_.clear();
  }

  SimFiles& files() { return files_; }

 private:
  void put(Inbox& inbox) {
    const uint64_t requests = 1 + random_.below(3);
    for (uint64_t r = 0; r < requests; ++r) {
      const size_t index = sent_.size();
      Sent& sent = sent_.emplace_back();
      FrameWriter frame("s", Timestamp{1}, 0);
      const uint64_t records = 1 + random_.below(4);
      for (uint64_t i = 0; i < records; ++i) {
        sent.records.push_back(
            fmt::format("request {} record {} {}", index, i, std::string(random_.below(80), '.')));
        all_.insert(sent.records.back());
        frame.add(sent.records.back());
      }
      inbox.append(std::move(frame), [this, index](const Result<Place>& place) {
        if (place) {
          EXPECT_GT(place->id(), last_answered_);
          last_answered_ = place->id();
          sent_[index].place = *place;
          for (size_t i = 0; i < sent_[index].records.size(); ++i) {
            ids_[sent_[index].records[i]] = Place{place->generation, place->sequence + i}.id();
          }
        }
      });
    }
    inbox.work();
  }

  bool read(Inbox& inbox, uint32_t events) {
    EventBlock block;
    const auto read = inbox.read(block, {.events = events}, {});
    if (!read) {
      EXPECT_TRUE(files_.dead()) << read.error().what;
      return false;
    }
    for (const Event& event : block.events) {
      const std::string raw(event.raw);
      EXPECT_TRUE(all_.contains(raw)) << "invented " << raw;
      EXPECT_LT(last_, event.id);
      last_ = event.id;
      EXPECT_TRUE(seen_in_life_.insert(raw).second) << "twice " << raw;
      EXPECT_EQ(ids_.emplace(raw, event.id).first->second, event.id) << raw;
      EXPECT_TRUE(forgot_ || !committed_.contains(raw)) << "again " << raw;
      uncommitted_.emplace_back(raw, read->position);
    }
    position_ = read->position;
    return !block.events.empty();
  }

  void commit(Inbox& inbox) {
    if (position_.empty()) {
      return;
    }
    if (inbox.commit(position_) || files_.dead()) {  // dead: it may have been committed or not
      for (const auto& [raw, position] : uncommitted_) {
        committed_.insert(raw);
      }
    }
    uncommitted_.clear();
  }

  SimFiles files_;
  SystemClock clock_;
  NullLog log_;
  Random random_;
  uint64_t generation_ = 0;
  std::vector<Sent> sent_;
  std::set<std::string> all_, committed_, seen_in_life_;
  std::map<std::string, std::string> ids_;  // once known, for ever
  std::vector<std::pair<std::string, Position>> uncommitted_;
  Position position_;
  std::string last_, last_answered_;
  bool forgot_ = false;

 public:
  void begin_life() {
    position_.clear();
    uncommitted_.clear();
  }
};

void run(uint64_t seed, uint64_t death, bool machine) {
  SCOPED_TRACE(fmt::format("seed {} death at {} machine {}", seed, death, machine));
  Campaign campaign(seed);
  campaign.files().die_at(death);
  campaign.live(40);
  campaign.crash(machine);
  // A second death soon after, so that recovery dies too.
  campaign.begin_life();
  campaign.files().die_at(campaign.files().operations() + death % 13);
  campaign.live(10);
  campaign.crash(machine && death % 2 == 0);
  campaign.begin_life();
  campaign.check();
}

TEST(InboxCrashTest, loses_invents_and_reorders_nothing_whichever_operation_is_the_last) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    for (uint64_t death = 0; death < 150; ++death) {
      run(seed, death, false);
      run(seed, death, true);
      if (HasFailure()) {
        return;
      }
    }
  }
}

}  // namespace
}  // namespace penstock::inbox
