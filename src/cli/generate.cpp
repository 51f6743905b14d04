#include <fmt/core.h>

#include <algorithm>

#include "base/base64.h"
#include "base/json_string.h"
#include "cli/commands.h"
#include "cli/firehose_answer.h"
#include "connectors/generate/generate_source.h"
#include "doc/json.h"
#include "net/address.h"

namespace penstock::cli {

namespace {

constexpr uint64_t kBatchRecords = 500;  // the most that PutRecordBatch takes
constexpr int kTriesMax = 20;            // without one more record taken
constexpr Duration kWaitFirst = 50ms;
constexpr Duration kWaitMax = 2s;
constexpr Duration kDeadline = 30s;
constexpr Duration kRateWaitMax = 50ms;

class Generator {
 public:
  Generator(Program& program, const Options& options, Signals& signals)
      : program_(program), options_(options), signals_(signals) {}

  Exit run() {
    start_ = program_.clock().now();
    while (accepted_ < options_.count) {
      if (!wait_for_rate()) {
        break;
      }
      fill();
      if (pending_.empty()) {
        continue;
      }
      if (auto sent = send(); !sent) {
        Program::complain(sent.error().what);
        break;
      }
      show();
    }
    program_.log().progress("");
    const std::string text =
        fmt::format("{} of {} records accepted by {} for stream {}\n", accepted_, options_.count,
                    options_.firehose, options_.stream);
    const bool printed = Program::print(text);
    return printed && accepted_ == options_.count ? Exit::ok : Exit::failed;
  }

 private:
  // False when a signal came.
  bool pause(Duration time) {
    stopped_ = stopped_ || signals_.wait(time) > 0;
    return !stopped_;
  }

  uint64_t due() const {
    if (options_.rate <= 0) {
      return options_.count;
    }
    const double passed = std::chrono::duration<double>(program_.clock().now() - start_).count();
    const double by_now = passed * options_.rate + 1;
    return by_now >= static_cast<double>(options_.count) ? options_.count
                                                         : static_cast<uint64_t>(by_now);
  }
  bool wait_for_rate() {
    while (pending_.empty() && next_ >= due()) {
      const auto between = std::chrono::duration<double>(1 / options_.rate);
      if (!pause(std::chrono::duration_cast<Duration>(
              std::min<std::chrono::duration<double>>(kRateWaitMax, between)))) {
        return false;
      }
    }
    return pause(0ms);
  }

  void fill() {
    const uint64_t until = std::min(due(), next_ + (kBatchRecords - pending_.size()));
    for (; next_ < until; ++next_) {
      pending_.push_back(next_);
    }
  }

  std::string body() const {
    std::string out = "{\"DeliveryStreamName\":";
    append_json_string(options_.stream, out);
    out += ",\"Records\":[";
    std::string record;
    for (size_t i = 0; i < pending_.size(); ++i) {
      record.clear();
      append_generated_record(options_.seed, pending_[i], record);
      record += '\n';
      out += i > 0 ? ",{\"Data\":\"" : "{\"Data\":\"";
      append_base64(record, out);
      out += "\"}";
    }
    out += "]}";
    return out;
  }

  // Sends what is pending; what failed stays pending, and is tried again after a while.
  Result<> send() {
    const net::ClientRequest request{
        .method = "POST",
        .url = options_.firehose,
        .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                    {"X-Amz-Target", "Firehose_20150804.PutRecordBatch"},
                    {"X-Amz-Date", "20260101T000000Z"},
                    // A server on this machine asks for no signature; the form is Amazon's.
                    {"Authorization",
                     "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/firehose/aws4_request, "
                     "SignedHeaders=host, Signature=00"}},
        .body = body(),
        .deadline = kDeadline};
    const auto answer = program_.http().send(request, {});
    std::string trouble;
    if (!answer) {
      if (answer.error().kind != Error::Kind::transient) {
        return std::unexpected(answer.error());
      }
      trouble = answer.error().what;
    } else if (answer->status >= 400 && answer->status < 500) {
      return fatal(fmt::format("{}: {} {}", options_.firehose, answer->status, answer->body));
    } else if (answer->status != 200) {
      trouble = fmt::format("{}: {} {}", options_.firehose, answer->status, answer->body);
    } else {
      TRY(trouble, take_answer(answer->body));
    }
    if (trouble.empty()) {
      tries_ = 0;
      return {};
    }
    return wait_after(trouble);
  }

  // Keeps what was not taken; gives the first error of a record, or "".
  Result<std::string> take_answer(const std::string& body) {
    TRY(const BatchAnswer results, parse_batch_answer(body, pending_.size()));
    std::vector<uint64_t> failed;
    for (size_t i = 0; i < pending_.size(); ++i) {
      if (!results.taken[i]) {
        failed.push_back(pending_[i]);
      }
    }
    accepted_ += pending_.size() - failed.size();
    tries_ = failed.size() < pending_.size() ? 0 : tries_;
    pending_ = std::move(failed);
    return results.first_error;
  }

  Result<> wait_after(const std::string& trouble) {
    if (++tries_ >= kTriesMax) {
      return fatal(fmt::format("{} tries without a record taken, the last: {}", tries_, trouble));
    }
    program_.log().warn("generate", trouble + "; trying again");
    (void)pause(std::min<Duration>(kWaitMax, kWaitFirst * (1 << std::min(tries_, 6))));
    return {};  // a signal is noticed by the caller's next look
  }

  void show() {
    const double passed = std::chrono::duration<double>(program_.clock().now() - start_).count();
    program_.log().progress(
        fmt::format("{} of {} records accepted, {:.0f}/s", accepted_, options_.count,
                    passed > 0 ? static_cast<double>(accepted_) / passed : 0.0));
  }

  Program& program_;
  const Options& options_;
  Signals& signals_;
  Instant start_{};
  std::vector<uint64_t> pending_;  // indices of records that were not taken yet
  uint64_t next_ = 0;
  uint64_t accepted_ = 0;
  int tries_ = 0;
  bool stopped_ = false;
};

}  // namespace

Exit generate(Program& program, const Options& options, Signals& signals) {
  if (const auto url = net::parse_url(options.firehose); !url) {
    Program::complain("--firehose: " + url.error().what);
    return Exit::usage;
  }
  return Generator(program, options, signals).run();
}

}  // namespace penstock::cli
