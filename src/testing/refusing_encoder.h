// RefusingEncoder: writes an event's payload as it is, and rejects the events that it was told to
// by their ids. Owned by a test; refuse() before the events are written, encode() by any thread.
#pragma once

#include <set>
#include <string>

#include "core/codec.h"

namespace penstock {

class RefusingEncoder final : public Encoder {
 public:
  void refuse(std::string_view id) { refused_.emplace(id); }

  Result<> encode(const Event& event, std::string& out) const override {
    out += event.raw;
    return refused_.contains(event.id) ? rejected("no record for this event") : Result<>{};
  }
  std::string_view content_type() const override { return "text/plain"; }

 private:
  std::set<std::string, std::less<>> refused_;
};

}  // namespace penstock
