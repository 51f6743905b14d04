#include "connectors/files/files_sink.h"
#include "connectors/files/files_source.h"
#include "lake/compress.h"
#include "sim/sim_files.h"
#include "testing/refusing_encoder.h"
#include "testing/sink_contract.h"
#include "testing/source_contract.h"
#include "testing/temporary_folder.h"
#include "testing/test_context.h"

namespace penstock::contract {

namespace {

using files::FilesSink;
using files::FilesSource;
using lake::Compression;
using lake::Compressor;

class LakeFixture final : public SinkFixture {
 public:
  Result<std::unique_ptr<Sink>> make() override {
    Context context = context_.with(disk_);
    context.encoder = encoder_;
    return FilesSink::make({.path = "/lake/{stream}"}, context);
  }
  // The lines of all objects in the order of their names.
  std::optional<std::vector<std::string>> held() override {
    const std::string folder = "/lake/orders";
    std::vector<std::string> held;
    const auto names = disk_.list(folder);
    CHECK(names.has_value());
    for (const std::string& name : *names) {
      auto file = disk_.open(folder + "/" + name, OpenMode::read);
      CHECK(file.has_value());
      std::string text((*file)->info()->size, '\0');
      CHECK((*file)->read(0, text).has_value());
      for (size_t at = 0; !name.starts_with('.') && at < text.size();) {
        const size_t end = text.find('\n', at);
        held.push_back(text.substr(at, end - at));
        at = end + 1;
      }
    }
    return held;
  }
  bool drops_repeats() const override { return true; }
  std::string impossible(SinkCase which) const override {
    switch (which) {
      case SinkCase::takes_what_it_is_given:
      case SinkCase::partial_failure:
      case SinkCase::whole_failure:
      case SinkCase::lost_answer:
      case SinkCase::large_event:
      case SinkCase::repeated_id:
      case SinkCase::reopening:
        return "";
      case SinkCase::throttle:
        return "a disk has no way to ask for a wait";
      case SinkCase::stop:
      case SinkCase::deadline:
        return "a call of a local disk cannot be ended from outside";
    }
    unreachable();
  }
  void refuse(const Event& event) override { encoder_->refuse(event.id); }
  void fail() override {  // a full disk
    disk_.set_hook([](const sim::FileOperation& operation) -> std::optional<sim::FileFault> {
      if (operation.op != sim::FileOp::write) {
        return std::nullopt;
      }
      return sim::FileFault{.error = transient("disk full").error()};
    });
  }
  void lose_answers() override {  // the object has its name, and whether that is durable is unknown
    disk_.set_hook([this](const sim::FileOperation& operation) -> std::optional<sim::FileFault> {
      named_ = named_ || operation.op == sim::FileOp::rename;
      if (!named_ || operation.op != sim::FileOp::sync_folder) {
        return std::nullopt;
      }
      return sim::FileFault{.error = transient("no answer of the disk").error()};
    });
  }
  void mend() override { disk_.set_hook({}); }

 private:
  sim::SimFiles disk_;
  bool named_ = false;  // an object got its name since answers are lost
  TestContext context_;
  std::shared_ptr<RefusingEncoder> encoder_ = std::make_shared<RefusingEncoder>();
};

class FileFixture : public SourceFixture {
 public:
  FileFixture(std::string name, Compression compression)
      : name_(std::move(name)), compression_(compression) {
    write();
  }
  Result<std::unique_ptr<Source>> make() override {
    return FilesSource::make({.path = {folder_ / name_}}, context_.context());
  }
  void fill(Source&) override {}  // it is written already
  std::vector<std::string> content() const override { return content_; }
  void replace() override {
    CHECK(context_.files().remove(folder_ / name_).has_value());
    content_ = {"six", "seven", "eight"};
    write();
  }
  std::string impossible(SourceCase which) const override {
    return which == SourceCase::read_never_waits_for_commit ? "its commit does nothing" : "";
  }

 private:
  void write() const {
    std::string text;
    for (const std::string& line : content_) {
      text += line + "\n";
    }
    if (const auto compressor = Compressor::make(compression_)) {
      text = std::string(*compressor->compress(text));
    }
    folder_.write(name_, text);
  }

  std::string name_;
  Compression compression_;
  TemporaryFolder folder_;
  TestContext context_;
  std::vector<std::string> content_ = {"one", "two", "three", "four", "five"};
};

class PlainFixture final : public FileFixture {
 public:
  PlainFixture() : FileFixture("lines.txt", Compression::none) {}
};
class PackedFixture final : public FileFixture {
 public:
  PackedFixture() : FileFixture("lines.gz", Compression::gzip) {}
};

}  // namespace

void contract_fixtures_files(Fixtures& fixtures);

void contract_fixtures_files(Fixtures& fixtures) {
  fixtures.sink<LakeFixture>("files");
  fixtures.source<PlainFixture>("files", "plain");
  fixtures.source<PackedFixture>("files", "packed");
}

}  // namespace penstock::contract
