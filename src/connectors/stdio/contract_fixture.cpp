#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <sstream>

#include "connectors/stdio/stdin_source.h"
#include "connectors/stdio/stdout_sink.h"
#include "testing/refusing_encoder.h"
#include "testing/sink_contract.h"
#include "testing/source_contract.h"
#include "testing/temporary_folder.h"

namespace penstock::contract {

namespace {

using Ends = std::array<int, 2>;

void close_pipe(Ends& ends) {
  for (int& end : ends) {
    if (end >= 0) {
      ::close(std::exchange(end, -1));
    }
  }
}

// A pipe that a program writes to and keeps open; each source has one of its own, as each process
// has its own standard input.
class StdinFixture final : public SourceFixture {
 public:
  ~StdinFixture() override { close_pipe(ends_); }
  Result<std::unique_ptr<Source>> make() override {
    close_pipe(ends_);
    CHECK(::pipe2(ends_.data(), O_CLOEXEC) == 0);
    return std::make_unique<StdinSource>(StdinSource::Settings{}, clock_, ++seed_,
                                         Stdio(ends_[0], -1));
  }
  void fill(Source&) override {
    for (const std::string& line : content_) {
      CHECK(::write(ends_[1], (line + "\n").data(), line.size() + 1) > 0);
    }
  }
  std::vector<std::string> content() const override { return content_; }
  void replace() override { content_ = {"six", "seven", "eight"}; }
  std::string impossible(SourceCase which) const override {
    switch (which) {
      case SourceCase::reads_its_content:
      case SourceCase::commit_never_waits_for_read:
      case SourceCase::ids_across_generations:
      case SourceCase::orders_across_generations:
      case SourceCase::stop:
        return "";
      case SourceCase::resumes_at_each_position:
      case SourceCase::unreadable_position:
      case SourceCase::position_before:
        return "nothing of standard input can be read twice, so no position is saved";
      case SourceCase::read_never_waits_for_commit:
        return "its commit does nothing";
    }
    unreachable();
  }

 private:
  SystemClock clock_;
  uint64_t seed_ = 0;  // each process has another
  Ends ends_ = {-1, -1};
  std::vector<std::string> content_ = {"one", "two", "three", "four", "five"};
};

// Standard output is a file; a full disk and a pipe that nobody reads take its place.
class StdoutFixture final : public SinkFixture {
 public:
  StdoutFixture()
      : out_(::open((folder_ / "out").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)),
        file_(::dup(out_)) {
    CHECK(out_ >= 0 && file_ >= 0);
  }
  ~StdoutFixture() override {
    close_pipe(ends_);
    ::close(out_);
    ::close(file_);
  }
  Result<std::unique_ptr<Sink>> make() override {
    return std::make_unique<StdoutSink>(encoder_, clock_, Stdio(-1, out_));
  }
  std::optional<std::vector<std::string>> held() override {
    std::istringstream lines(folder_.read("out"));
    std::vector<std::string> held;
    for (std::string line; std::getline(lines, line);) {
      held.push_back(line);
    }
    return held;
  }
  bool drops_repeats() const override { return false; }
  std::string impossible(SinkCase which) const override {
    switch (which) {
      case SinkCase::takes_what_it_is_given:
      case SinkCase::partial_failure:
      case SinkCase::whole_failure:
      case SinkCase::large_event:
      case SinkCase::repeated_id:
      case SinkCase::stop:
      case SinkCase::deadline:
      case SinkCase::reopening:
        return "";
      case SinkCase::lost_answer:
        return "bytes count once the kernel has taken them, and it says how many";
      case SinkCase::throttle:
        return "a pipe has no way to ask for a wait";
    }
    unreachable();
  }
  void refuse(const Event& event) override { encoder_->refuse(event.id); }
  void fail() override {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    CHECK(full >= 0);
    CHECK(::dup2(full, out_) == out_);
    ::close(full);
  }
  void hang() override {
    CHECK(::pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    const std::string piece(4096, '\n');
    while (::write(ends_[1], piece.data(), piece.size()) > 0) {
    }
    CHECK(::dup2(ends_[1], out_) == out_);
  }
  bool await_hanging() override { return true; }  // the pipe is full before any write
  void mend() override { CHECK(::dup2(file_, out_) == out_); }

 private:
  TemporaryFolder folder_;
  SystemClock clock_;
  std::shared_ptr<RefusingEncoder> encoder_ = std::make_shared<RefusingEncoder>();
  int out_;   // what the sink writes to
  int file_;  // the file, to go back to
  Ends ends_ = {-1, -1};
};

}  // namespace

void contract_fixtures_stdio(Fixtures& fixtures);

void contract_fixtures_stdio(Fixtures& fixtures) {
  fixtures.source<StdinFixture>("stdin");
  fixtures.sink<StdoutFixture>("stdout");
}

}  // namespace penstock::contract
