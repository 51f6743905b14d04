// FirehoseSource: takes records by Amazon Firehose's API on loopback. Owned by its pipeline; the
// handler of requests runs on the HTTP server's threads, the rest as Source and Reader say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/fields.h"
#include "connectors/firehose/api.h"
#include "core/context.h"
#include "core/source.h"
#include "inbox/queue.h"

namespace penstock::firehose {

class FirehoseSource final : public Source {
 public:
  static constexpr std::string_view kDefaultFormat = "raw";
  struct Settings {
    std::string listen = "127.0.0.1:8687";
    std::string inbox;
    config::ByteSize inbox_bytes_max{uint64_t{1} << 30};
    std::vector<std::string> streams;
    void fields(config::FieldVisitor& visitor);
  };

  static Result<std::unique_ptr<Source>> make(Settings settings, const Context& context);

  SourceTraits traits() const override;
  std::string fingerprint() const override;
  Result<std::vector<Part>> parts(const Checkpoint& checkpoint, Stop stop) override;
  Result<std::unique_ptr<Reader>> open(const Part& part, const std::optional<Position>& position,
                                       Signal signal, Stop stop) override;
  std::optional<Position> position_before(const Position& end,
                                          std::string_view order) const override;
  std::string address() const { return listener_ ? listener_->address() : std::string(); }

 private:
  FirehoseSource(Settings settings, const Context& context);
  void handle(const net::HttpRequest& request, const net::Responder& respond);

  const Settings settings_;
  const Context context_;
  Api api_;
  std::unique_ptr<inbox::Queue> queue_;
  std::unique_ptr<net::HttpListener> listener_;  // last: it calls handle()
};

}  // namespace penstock::firehose
