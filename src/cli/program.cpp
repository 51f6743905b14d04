#include "cli/program.h"

#include <cstdio>
#include <cstdlib>

#include "checkpoints/register.h"
#include "codecs/register.h"
#include "connectors/register_all.h"
#include "dead_letters/register.h"
#include "transforms/register.h"

namespace penstock::cli {

Program::Program(const Options& options)
    : log_(clock_,
           {.level = options.log_level,
            .format = options.log_json ? SystemLog::Format::json : SystemLog::Format::text}),
      http_(net::HttpClient::make()),
      server_(net::HttpServer::make()),
      seed_(random_seed()),
      hash_key_(random_hash_key()) {
  register_connectors(registry_);
  register_codecs(registry_);
  register_transforms(registry_);
  register_checkpoints(registry_);
  register_dead_letters(registry_);
}

Context Program::context(std::string where) {
  Context context{clock_,   log_,    files_,           *http_, *server_,
                  metrics_, shared_, std::move(where), seed_,  nullptr};
  context.hash_key = hash_key_;
  return context;
}

void Program::complain(std::string_view text) {
  std::string out = "penstock: ";
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    append_printable(text.substr(0, end), out);
    out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
    out += text.empty() ? "" : "  ";
  }
  (void)std::fwrite(out.data(), 1, out.size(), stderr);  // nobody is left to be told
}

bool Program::print(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

std::optional<std::string> environment(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace penstock::cli
