#include "core/batch_request.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"

namespace penstock {

AppendItem append_encoded(const Encoder& encoder) {
  return [&encoder](const Event& event, std::string& body) -> Result<size_t> {
    const size_t before = body.size();
    TRY(encoder.encode(event, body));
    return body.size() - before;
  };
}

Result<> note(Result<> outcome, uint32_t index, std::vector<Failure>& failures) {
  if (outcome || outcome.error().kind != Error::Kind::rejected) {
    return outcome;
  }
  failures.push_back({.index = index, .error = std::move(outcome).error()});
  return {};
}

BatchRequests::BatchRequests(const Batch& batch, const RequestLimits& limits,
                             const RequestFrame& frame, AppendItem append_item)
    : batch_(batch),
      limits_(limits),
      frame_(frame),
      append_item_(std::move(append_item)),
      ranges_{{.begin = 0, .end = static_cast<uint32_t>(batch.events.size())}},
      failed_(batch.events.size()),
      left_(batch.events.size()) {
  CHECK(limits_.items > 0);
  CHECK(limits_.bytes > limits_.overhead_bytes);
  CHECK(batch.events.size() <= UINT32_MAX);
}

bool BatchRequests::next(BatchRequest& request) {
  request.body.assign(frame_.begin);
  request.indices.clear();
  size_t bytes = limits_.overhead_bytes;
  while (request.indices.empty() && !ranges_.empty()) {
    Range& range = ranges_.back();
    for (; range.begin < range.end && request.indices.size() < limits_.items; ++range.begin) {
      if (failed_[range.begin]) {
        continue;
      }
      const size_t before = request.body.size();
      if (!request.indices.empty()) {
        request.body += frame_.between;
      }
      Result<size_t> item = append_item_(*batch_.events[range.begin], request.body);
      if (!item) {
        request.body.resize(before);
        fail(range.begin, std::move(item).error());
        continue;
      }
      const size_t size = *item + limits_.item_overhead_bytes;
      const size_t most = std::min(limits_.item_bytes, limits_.bytes - limits_.overhead_bytes);
      if (size > most) {
        request.body.resize(before);
        fail(range.begin,
             {.kind = Error::Kind::rejected,
              .what = fmt::format("the record has {} bytes, and the target takes {}", size, most),
              .retry_after = std::nullopt});
        continue;
      }
      if (bytes + size > limits_.bytes) {  // it opens the next one
        request.body.resize(before);
        break;
      }
      bytes += size;
      request.indices.push_back(range.begin);
    }
    if (range.begin == range.end) {
      ranges_.pop_back();
    }
  }
  request.body += frame_.end;
  return !request.indices.empty();
}

void BatchRequests::halve(const BatchRequest& request) {
  CHECK(request.indices.size() > 1);
  const uint32_t middle = request.indices[request.indices.size() / 2];
  ranges_.push_back({.begin = middle, .end = request.indices.back() + 1});
  ranges_.push_back({.begin = request.indices.front(), .end = middle});
}

void BatchRequests::fail(uint32_t index, Error error) {
  if (!failed_[index]) {  // a service may name an item twice
    failed_[index] = true;
    --left_;
    failures_.push_back({.index = index, .error = std::move(error)});
  }
}

bool BatchRequests::fail_items(const BatchRequest& request, std::vector<Failure> items) {
  const size_t size = request.indices.size();
  if (std::ranges::any_of(items, [&](const Failure& item) { return item.index >= size; })) {
    return false;
  }
  for (Failure& item : items) {
    fail(request.indices[item.index], std::move(item.error));
  }
  return true;
}

void BatchRequests::fail_all(const BatchRequest& request, const Error& error) {
  for (const uint32_t index : request.indices) {
    fail(index, error);
  }
}

void BatchRequests::fail_rest(const Error& error) {
  for (const Range& range : ranges_) {
    for (uint32_t index = range.begin; index < range.end; ++index) {
      fail(index, error);
    }
  }
  ranges_.clear();
}

std::vector<Failure> BatchRequests::take_failures() {
  std::ranges::sort(failures_, {}, &Failure::index);
  return std::move(failures_);
}

Result<std::vector<Failure>> write_requests(BatchRequests& requests, const SendRequest& send) {
  BatchRequest request;
  while (requests.next(request)) {
    const size_t items = request.indices.size();
    const bool is_all = requests.is_all(request);
    Result<std::vector<Failure>> answer = send(request);
    if (answer) {
      if (!requests.fail_items(request, *std::move(answer))) {
        requests.fail_all(request, {.kind = Error::Kind::transient,
                                    .what = "the answer names an item that was not sent",
                                    .retry_after = std::nullopt});
      }
      continue;
    }
    const Error& error = answer.error();
    if (items > 1 && is_all) {
      return answer;
    }
    if (items > 1 && error.kind == Error::Kind::rejected) {
      requests.halve(request);
      continue;
    }
    requests.fail_all(request, error);
    if (error.kind == Error::Kind::fatal || error.kind == Error::Kind::cancelled) {
      requests.fail_rest(error);
    }
  }
  return requests.take_failures();
}

}  // namespace penstock
